package sferic;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A blobstore in memory. */
final class Memory implements Store {
    final Map<String, byte[]> blobs = new TreeMap<>();

    @Override
    public boolean create(String key, byte[] data) {
        return blobs.putIfAbsent(key, data) == null;
    }

    @Override
    public void put(String key, byte[] data) {
        blobs.put(key, data);
    }

    @Override
    public boolean replace(String key, byte[] data) {
        return blobs.computeIfPresent(key, (name, old) -> data) != null;
    }

    @Override
    public byte[] fetch(String key) {
        return blobs.get(key);
    }

    @Override
    public List<String> list(String prefix) {
        return blobs.keySet().stream().filter(key -> key.startsWith(prefix)).toList();
    }

    @Override
    public boolean delete(String key) {
        return blobs.remove(key) != null;
    }
}

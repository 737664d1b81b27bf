package sferic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ChunksTest {
    /** In memory. */
    private static final class Memory implements Store {
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

        List<byte[]> results() throws IOException {
            List<byte[]> found = new ArrayList<>();
            for (Map.Entry<String, byte[]> blob : blobs.entrySet()) {
                if (blob.getKey().startsWith("p.results.")) {
                    FrameReader reader = new FrameReader(new ByteArrayInputStream(blob.getValue()), 1 << 30);
                    for (Frame frame = reader.read(); frame != null; frame = reader.read()) {
                        assertEquals(Frames.RESULT, frame.type());
                        found.add(frame.body());
                    }
                }
            }
            return found;
        }
    }

    @Test
    void keysAreInTheOrderOfTheResults() throws Exception {
        Memory memory = new Memory();
        Chunks chunks = new Chunks(memory, "p.", new byte[] {7}, Chunks.ALL);
        chunks.keep(1, List.of(new byte[] {1}, new byte[] {2}));
        chunks.keep(1, List.of(new byte[] {3}));
        List<byte[]> results = memory.results();
        assertEquals(3, results.size());
        for (int i = 0; i < 3; i++) {
            assertArrayEquals(new byte[] {(byte) (i + 1)}, results.get(i));
        }
        assertArrayEquals(new byte[] {7}, memory.blobs.get("p.about"));
    }

    @Test
    void anEndlessTopologyKeepsTheNewest() throws Exception {
        Memory memory = new Memory();
        Chunks chunks = new Chunks(memory, "p.", new byte[0], 1 << 20);
        int large = 1 << 19;
        for (int i = 0; i < 3; i++) {
            byte[] batch = new byte[large];
            batch[0] = (byte) i;
            chunks.keep(1, List.of(batch));
        }
        List<byte[]> results = memory.results();
        assertEquals(1, results.size());
        assertEquals(2, results.get(0)[0]);
    }

    @Test
    void aFiniteOneKeepsAll() throws Exception {
        Memory memory = new Memory();
        Chunks chunks = new Chunks(memory, "p.", new byte[0], Chunks.ALL);
        for (int i = 0; i < 5; i++) {
            chunks.keep(1, List.of(new byte[1 << 20]));
        }
        assertEquals(5, memory.results().size());
    }
}

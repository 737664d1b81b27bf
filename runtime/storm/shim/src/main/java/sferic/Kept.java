package sferic;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** Blobs that wait for somebody to fetch them: the newest of them, so many bytes. Owned by who adds, but for dropped(). */
final class Kept {
    static final long ALL = Long.MAX_VALUE;
    static final int BLOBS = 1000;

    private record Blob(String key, long items, long bytes) {}

    private final Store blobs;
    private final long mostBytes;
    private final int mostBlobs;
    private final Deque<Blob> kept = new ArrayDeque<>();
    private long bytes;
    private final AtomicLong dropped = new AtomicLong();

    /** `mostBytes`: ALL without a limit. */
    Kept(Store blobs, long mostBytes, int mostBlobs) {
        this.blobs = blobs;
        this.mostBytes = mostBytes;
        this.mostBlobs = mostBlobs;
    }

    /** The end of a key, so that others who see it know what is in the blob. */
    static String size(long items, long bytes) {
        return "." + items + "." + bytes;
    }

    /** Is any of them ever dropped? */
    boolean limited() {
        return mostBytes < ALL || mostBlobs < Integer.MAX_VALUE;
    }

    /** What workers before this one have left, the oldest first. */
    void adopt(Collection<String> keys) {
        for (String key : limited() ? keys : List.<String>of()) {
            String[] parts = key.split("\\.");
            note(new Blob(key, Long.parseLong(parts[parts.length - 2]), Long.parseLong(parts[parts.length - 1])));
        }
    }

    /** Makes this blob, and drops the oldest where that is too much. */
    void add(String key, long items, byte[] data) throws InterruptedException {
        if (data.length > mostBytes) {
            dropped.addAndGet(items);
            return;
        }
        blobs.create(key, data);
        note(new Blob(key, items, data.length));
        while (bytes > mostBytes || kept.size() > mostBlobs) {
            Blob oldest = kept.remove();
            bytes -= oldest.bytes;
            if (blobs.delete(oldest.key)) {
                dropped.addAndGet(oldest.items);
            }
        }
    }

    private void note(Blob blob) {
        if (limited()) {
            kept.add(blob);
            bytes += blob.bytes;
        }
    }

    /** There was no room for these. From any thread. */
    void refuse(long items) {
        dropped.addAndGet(items);
    }

    /** How many items nobody can fetch any more. From any thread. */
    long dropped() {
        return dropped.get();
    }
}

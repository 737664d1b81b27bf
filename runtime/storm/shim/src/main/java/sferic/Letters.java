package sferic;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Dead letters on their way to the blobstore, a line of JSON each. Safe from any thread, but for keep(). */
final class Letters {
    static final int WAITING_BYTES = 16 << 20;

    private final Store blobs;
    private final String prefix;
    private final String worker;
    // Owned by the caller of keep().
    private final Kept kept;
    private long lot;
    // Guarded by this.
    private StringBuilder waiting = new StringBuilder();
    private int count;

    /** `prefix`: of the topology's keys. */
    Letters(Store blobs, String prefix, String worker, Kept kept) {
        this.blobs = blobs;
        this.prefix = prefix + "letters.";
        this.worker = worker;
        this.kept = kept;
    }

    /** False where there is no room: it is only in the log then. */
    synchronized boolean take(Map<String, Object> event) {
        String line = Json.text(event);
        if (waiting.length() + line.length() > WAITING_BYTES) {
            kept.refuse(1);
            return false;
        }
        waiting.append(line).append('\n');
        count++;
        return true;
    }

    /** Writes what came since the last call, after what workers before this one have left. */
    void keep() throws InterruptedException {
        byte[] lines;
        int items;
        synchronized (this) {
            if (waiting.isEmpty()) {
                return;
            }
            lines = waiting.toString().getBytes(StandardCharsets.UTF_8);
            items = count;
            waiting = new StringBuilder();
            count = 0;
        }
        if (lot == 0) {
            kept.adopt(blobs.list(prefix).stream().sorted().toList());
        }
        lot++;
        String key = "%s%013d.%06d.%s".formatted(prefix, System.currentTimeMillis(), lot, worker);
        kept.add(key + Kept.size(items, lines.length), items, lines);
    }
}

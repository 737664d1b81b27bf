package sferic;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Dead letters on their way to the blobstore, a line of JSON each. Safe from any thread. */
final class Letters {
    static final int WAITING_BYTES = 16 << 20;
    static final long KEPT_BYTES = 256L << 20;

    // Guarded by this.
    private StringBuilder waiting = new StringBuilder();
    private long taken;

    /** False where there is no room: it is only in the log then. */
    synchronized boolean take(Map<String, Object> event) {
        String line = Json.text(event);
        if (waiting.length() + line.length() > WAITING_BYTES || taken + line.length() > KEPT_BYTES) {
            return false;
        }
        taken += line.length();
        waiting.append(line).append('\n');
        return true;
    }

    /** What came since the last call; null where that is nothing. */
    synchronized byte[] news() {
        if (waiting.isEmpty()) {
            return null;
        }
        byte[] lines = waiting.toString().getBytes(StandardCharsets.UTF_8);
        waiting = new StringBuilder();
        return lines;
    }
}

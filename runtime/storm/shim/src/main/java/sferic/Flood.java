package sferic;

/** At most so many lines a second; the others are counted. Safe from any thread. */
final class Flood {
    static final int LINES = 200;
    private static final long SECOND_MS = 1000;

    // Guarded by this.
    private long began;
    private int shown;
    private long hidden;

    /** Is there room for a text of so many lines? What there is none for is counted. */
    synchronized boolean room(int lines, long nowMs) {
        if (shown == 0 || nowMs - began >= SECOND_MS) {
            began = nowMs;
            shown = 0;
        }
        if (shown > 0 && shown + lines > LINES) {
            hidden += lines;
            return false;
        }
        shown += lines;
        return true;
    }

    /** How many lines found no room in a second that is over; told once. */
    synchronized long over(long nowMs) {
        return nowMs - began < SECOND_MS ? 0 : rest();
    }

    /** The same, whether it is over or not. */
    synchronized long rest() {
        long count = hidden;
        hidden = 0;
        return count;
    }

    static String words(long hidden) {
        return "(" + hidden + " more lines were not shown: more than " + LINES + " a second)";
    }
}

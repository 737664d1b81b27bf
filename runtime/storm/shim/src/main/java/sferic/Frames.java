package sferic;

/** The numbers of docs/frames.md. */
final class Frames {
    static final int PROTOCOL = 1;
    static final int HEADER = 8;
    static final int DEFAULT_LIMIT = 256 << 20;

    static final int START = 0x01;
    static final int RESTORE = 0x02;
    static final int FEED = 0x10;
    static final int FINISH = 0x11;
    static final int SAVE = 0x12;
    static final int ACKED = 0x20;
    static final int STOP = 0x21;
    static final int KEPT = 0x22;

    static final int READY = 0x81;
    static final int ANSWER = 0x82;
    static final int EMIT = 0x83;
    static final int DONE = 0x84;
    static final int EVENT = 0x85;
    static final int SAVED = 0x86;

    static final int RESULT = 0x90;
    static final int STATE = 0x91;

    /** Flag of ANSWER: postprocess is done. */
    static final int FINISHED = 1;

    static final String END_STREAM = "end";

    private Frames() {}

    /** The Storm stream of a link. */
    static String stream(int link) {
        return "l" + Integer.toUnsignedString(link);
    }

    /** Rank of the task at this index of its component's sorted tasks, so that bucket b reaches rank b. */
    static int rank(int index, int tasks) {
        return Math.floorMod(index - 31, tasks);
    }
}

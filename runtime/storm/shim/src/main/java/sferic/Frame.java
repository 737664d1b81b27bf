package sferic;

/** One frame as it came. */
record Frame(int type, int flags, byte[] body) {}

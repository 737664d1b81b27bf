package sferic;

/** A batch on its way to a bucket of a link. */
record Emit(int link, int bucket, byte[] batch) {}

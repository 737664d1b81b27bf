package sferic;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Counts what is read in arrays, as a FrameReader does. */
final class Counted extends FilterInputStream {
    // Written by the thread that reads, read by any.
    private volatile long taken;

    Counted(InputStream in) {
        super(in);
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        int count = super.read(into, offset, length);
        taken = taken + Math.max(0, count);
        return count;
    }

    long taken() {
        return taken;
    }
}

package sferic;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Cuts a byte stream into frames. Used by one reader thread. */
final class FrameReader {
    private static final int TRUSTED_LENGTH = 4 << 20;

    private final InputStream in;
    private final int limit;
    private final byte[] header = new byte[Frames.HEADER];

    FrameReader(InputStream in, int limit) {
        this.in = in;
        this.limit = limit;
    }

    /** The next frame; null where the stream ended, inside a frame or not: a cut frame never happened. */
    Frame read() throws IOException {
        if (in.readNBytes(header, 0, header.length) < header.length) {
            return null;
        }
        ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        long length = Integer.toUnsignedLong(fields.getInt(0));
        int type = Byte.toUnsignedInt(fields.get(4));
        if (length > limit || fields.getShort(6) != 0) {
            throw new FrameException("a frame header that says " + length + " bytes, type 0x"
                    + Integer.toHexString(type) + ": not this protocol (limit " + limit + ")");
        }
        byte[] body = body((int) length);
        return body == null ? null : new Frame(type, Byte.toUnsignedInt(fields.get(5)), body);
    }

    private byte[] body(int length) throws IOException {
        // Grows with what arrives: a header alone must not take the memory.
        byte[] body = new byte[Math.min(length, TRUSTED_LENGTH)];
        int taken = in.readNBytes(body, 0, body.length);
        while (taken == body.length && taken < length) {
            body = Arrays.copyOf(body, (int) Math.min(length, 4L * taken));
            taken += in.readNBytes(body, taken, body.length - taken);
        }
        return taken < length ? null : body;
    }
}

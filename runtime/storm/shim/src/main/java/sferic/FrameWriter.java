package sferic;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** Writes whole frames; safe from several threads. */
final class FrameWriter {
    private final OutputStream out;

    FrameWriter(OutputStream out) {
        this.out = new BufferedOutputStream(out, 1 << 16);
    }

    void write(int type, byte[] body) throws IOException {
        write(type, 0, List.of(body));
    }

    /** One frame whose body is these parts, flushed. */
    synchronized void write(int type, int flags, List<byte[]> parts) throws IOException {
        long length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        if (length > Integer.MAX_VALUE) {
            throw new FrameException("a frame of " + length + " bytes cannot be sent");
        }
        ByteBuffer header = ByteBuffer.allocate(Frames.HEADER).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt((int) length).put((byte) type).put((byte) flags).putShort((short) 0);
        out.write(header.array());
        for (byte[] part : parts) {
            out.write(part);
        }
        out.flush();
    }
}

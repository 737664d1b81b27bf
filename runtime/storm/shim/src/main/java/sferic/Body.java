package sferic;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Reads a frame's body from front to back, never past its end. */
final class Body {
    private final ByteBuffer data;

    Body(byte[] data) {
        this.data = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
    }

    int word() throws FrameException {
        need(4);
        return data.getInt();
    }

    long number() throws FrameException {
        need(8);
        return data.getLong();
    }

    /** A count, refused where so many fields of `size` bytes cannot follow. */
    private int count(int size) throws FrameException {
        long count = Integer.toUnsignedLong(word());
        need(count * size);
        return (int) count;
    }

    long[] numbers() throws FrameException {
        long[] numbers = new long[count(8)];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = data.getLong();
        }
        return numbers;
    }

    byte[] bytes() throws FrameException {
        byte[] bytes = new byte[count(1)];
        data.get(bytes);
        return bytes;
    }

    List<Emit> emits() throws FrameException {
        int count = count(12);
        List<Emit> emits = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int link = word();
            int bucket = word();
            if (bucket < 0) {
                throw new FrameException("bucket " + Integer.toUnsignedString(bucket));
            }
            emits.add(new Emit(link, bucket, bytes()));
        }
        return emits;
    }

    void end() throws FrameException {
        if (data.hasRemaining()) {
            throw new FrameException(data.remaining() + " bytes after the end of a frame's fields");
        }
    }

    private void need(long bytes) throws FrameException {
        if (bytes > data.remaining()) {
            throw new FrameException("a frame ends inside a field of " + bytes + " bytes");
        }
    }
}

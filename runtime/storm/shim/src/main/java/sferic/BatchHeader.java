package sferic;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The 40 bytes before a batch's items. */
record BatchHeader(
        int kind, int codec, int flags, int link, int sender, int attempt, long epoch, long sequence, int count) {
    static final int SIZE = 40;
    static final int VERSION = 1;
    static final int ITEMS = 0;
    static final int END = 1;

    /** END of a sender. */
    static BatchHeader end(int sender, int attempt) {
        return new BatchHeader(END, 1, 0, 0, sender, attempt, 0, 0, 0);
    }

    byte[] pack() {
        ByteBuffer data = ByteBuffer.allocate(SIZE).order(ByteOrder.LITTLE_ENDIAN);
        data.put((byte) VERSION).put((byte) kind).put((byte) codec).put((byte) flags);
        data.putInt(link).putInt(sender).putInt(attempt).putLong(epoch).putLong(sequence).putInt(count).putInt(0);
        return data.array();
    }

    /** Of a batch as it is, which may be anything: -1 where it is no batch. */
    static long sequence(byte[] batch) {
        return batch.length < SIZE ? -1 : ByteBuffer.wrap(batch).order(ByteOrder.LITTLE_ENDIAN).getLong(24);
    }

    /** By how many attempts it is later than this one. Of a batch as it is, which may be anything: 0 where it is none. */
    static int later(byte[] batch, int attempt) {
        return batch.length < SIZE ? 0 : ByteBuffer.wrap(batch).order(ByteOrder.LITTLE_ENDIAN).getInt(12) - attempt;
    }

    static BatchHeader unpack(byte[] batch) throws FrameException {
        if (batch.length < SIZE) {
            throw new FrameException("a batch of " + batch.length + " bytes is shorter than its header");
        }
        ByteBuffer data = ByteBuffer.wrap(batch).order(ByteOrder.LITTLE_ENDIAN);
        if (data.get(0) != VERSION) {
            throw new FrameException("batch version " + data.get(0) + ", this runtime reads " + VERSION);
        }
        return new BatchHeader(data.get(1), data.get(2), data.get(3), data.getInt(4), data.getInt(8),
                data.getInt(12), data.getLong(16), data.getLong(24), data.getInt(32));
    }
}

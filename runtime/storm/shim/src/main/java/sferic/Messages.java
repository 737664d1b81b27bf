package sferic;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Bodies of the frames to the host. */
final class Messages {
    private Messages() {}

    private static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** FEED, in parts so that no batch is copied. */
    static List<byte[]> feed(Collection<Held> inputs) {
        List<byte[]> parts = new ArrayList<>(1 + 2 * inputs.size());
        parts.add(buffer(4).putInt(inputs.size()).array());
        for (Held input : inputs) {
            parts.add(buffer(12).putLong(input.input()).putInt(input.batch().length).array());
            parts.add(input.batch());
        }
        return parts;
    }

    /** FINISH. */
    static byte[] number(long number) {
        return buffer(8).putLong(number).array();
    }

    /** ACKED. */
    static byte[] numbers(Collection<Long> numbers) {
        ByteBuffer body = buffer(4 + 8 * numbers.size()).putInt(numbers.size());
        numbers.forEach(body::putLong);
        return body.array();
    }
}

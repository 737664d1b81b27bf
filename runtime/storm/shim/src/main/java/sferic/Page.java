package sferic;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The page a child tells its whereabouts on: written by the child, read by any thread. What goes the other way: how many
 * batches are processed, whose writer is guarded by the instance's Loose, and what the child is to log, which its
 * supervisor's timer writes.
 */
final class Page {
    static final int SIZE = 4096;
    static final int LINES = 48;
    static final int LEVELS = 56;
    static final long IDLE = 0;
    static final long WORKING = 1;
    static final long STARTING = 3;
    static final long HANDING = 4;

    private final Path path;
    private final MappedByteBuffer data;

    private Page(Path path, MappedByteBuffer data) {
        this.path = path;
        this.data = data;
    }

    static Page create(Path folder) throws IOException {
        Path path = Files.createTempFile(folder, "page-", "");
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MappedByteBuffer data = file.map(FileChannel.MapMode.READ_WRITE, 0, SIZE);
            data.order(ByteOrder.LITTLE_ENDIAN);
            data.putLong(24, STARTING); // until the child says otherwise
            return new Page(path, data);
        }
    }

    Path path() {
        return path;
    }

    Place place() {
        return new Place(data.getLong(0), data.getLong(8), data.getLong(16));
    }

    long state() {
        return data.getLong(24);
    }

    boolean hasState() {
        return data.getLong(32) != 0;
    }

    /** Another batch that the child wrote unasked is processed. */
    void countProcessed() {
        data.putLong(40, data.getLong(40) + 1);
    }

    /** How many lines the child may tell in a second, 0 for any number, and how much of what each of its PEs logs. */
    void want(int lines, int[] levels) {
        data.putLong(LINES, lines);
        for (int pe = 0; pe < levels.length && LEVELS + 8 * pe < SIZE; pe++) {
            data.putLong(LEVELS + 8 * pe, levels[pe]);
        }
    }

    void delete() throws IOException {
        Files.deleteIfExists(path);
    }

    /** Which item a child is at. */
    record Place(long input, long pe, long step) {}
}

package sferic;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Results of a topology in the blobstore: each blob is a few RESULT frames. Owned by the caller of keep(). */
final class Chunks {
    /**
     * A source makes its batches larger while they are acked within a quarter of a second: a longer gap would keep them
     * small for ever.
     */
    static final long GAP_MS = 100;
    static final int ENDLESS_CHUNKS = 1000;
    static final long ENDLESS_BYTES = 256L << 20;
    static final long ALL = Long.MAX_VALUE;

    private record Chunk(String key, int bytes) {}

    private final Store blobs;
    private final String prefix;
    private final byte[] about;
    private final long most;
    private final Deque<Chunk> kept = new ArrayDeque<>();
    private long bytes;
    private long last;
    private long count;

    /** `most`: bytes that are kept, the newest; ALL of a finite topology. */
    Chunks(Store blobs, String prefix, byte[] about, long most) {
        this.blobs = blobs;
        this.prefix = prefix;
        this.about = about;
        this.most = most;
    }

    /** Results of this attempt. Returns when they are in a blob. What comes meanwhile is in the next one. */
    void keep(int attempt, List<byte[]> batches) throws IOException, InterruptedException {
        if (count == 0) {
            blobs.create(prefix + "about", about);
        }
        long wait = last + GAP_MS - System.currentTimeMillis();
        if (wait > 0) {
            Thread.sleep(wait);
        }
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        FrameWriter writer = new FrameWriter(frames);
        for (byte[] batch : batches) {
            writer.write(Frames.RESULT, batch);
        }
        last = System.currentTimeMillis();
        count++;
        Chunk chunk = new Chunk("%sresults.%d.%013d.%06d".formatted(prefix, attempt, last, count), frames.size());
        blobs.create(chunk.key, frames.toByteArray());
        if (most < ALL) {
            rotate(chunk);
        }
    }

    /** Whoever wants all results of an endless topology has to fetch them in time. */
    private void rotate(Chunk newest) {
        kept.add(newest);
        bytes += newest.bytes;
        while (kept.size() > ENDLESS_CHUNKS || bytes > most && kept.size() > 1) {
            Chunk oldest = kept.remove();
            bytes -= oldest.bytes;
            blobs.delete(oldest.key);
        }
    }
}

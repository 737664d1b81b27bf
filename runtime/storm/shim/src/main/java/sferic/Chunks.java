package sferic;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/**
 * Results of a topology in the blobstore: each blob is a few RESULT frames. Owned by the caller of keep().
 *
 * <p>Each call of Nimbus for a blob costs it a look at all that it has. So where many chunks are, and none is to be dropped,
 * small ones are not made any more: the last one grows, and says so in its key. Who takes results leaves the last one of
 * each writer.
 */
final class Chunks {
    /**
     * A source makes its batches larger while they are acked within a quarter of a second: a longer gap would keep them
     * small for ever.
     */
    static final long GAP_MS = 100;

    static final int SMALL_CHUNKS = 100;
    static final int GROWN_BYTES = 128 << 10;

    private final Store blobs;
    private final String prefix;
    private final byte[] about;
    private final Kept kept;
    private final String writer = UUID.randomUUID().toString().substring(0, 8);
    private final long gapMs;
    private long last;
    private long count;
    // The chunk that grows; empty where none does.
    private String growing = "";
    private byte[] grown = {};

    Chunks(Store blobs, String prefix, byte[] about, Kept kept) {
        this(blobs, prefix, about, kept, GAP_MS);
    }

    /** Also for tests, which need no gap. */
    Chunks(Store blobs, String prefix, byte[] about, Kept kept, long gapMs) {
        this.blobs = blobs;
        this.gapMs = gapMs;
        this.prefix = prefix;
        this.about = about;
        this.kept = kept;
    }

    /** Below it all chunks of an attempt are. */
    static String prefix(String prefix, int attempt) {
        return prefix + "results." + attempt + ".";
    }

    /**
     * Results of this attempt, after those that workers before this one have left. Returns when they are in a blob. What
     * comes meanwhile is in the next one.
     */
    void keep(int attempt, List<byte[]> batches) throws IOException, InterruptedException {
        if (count == 0) {
            blobs.create(prefix + "about", about);
            kept.adopt(blobs.list(prefix(prefix, attempt)).stream().sorted().toList());
        }
        long wait = last + gapMs - System.currentTimeMillis();
        if (wait > 0) {
            Thread.sleep(wait);
        }
        last = System.currentTimeMillis();
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        FrameWriter writing = new FrameWriter(frames);
        long items = 0;
        for (byte[] batch : batches) {
            writing.write(Frames.RESULT, batch);
            items += BatchHeader.unpack(batch).count();
        }
        if (!grows(frames.toByteArray())) {
            add(attempt, items, frames.toByteArray());
        }
    }

    private void add(int attempt, long items, byte[] frames) throws InterruptedException {
        count++;
        String key = "%s%013d.%06d".formatted(prefix(prefix, attempt), last, count);
        if (count <= SMALL_CHUNKS || kept.limited()) {
            kept.add(key + Kept.size(items, frames.length), items, frames);
            return;
        }
        growing = key + "." + writer + ".grows";
        grown = frames;
        blobs.create(growing, grown);
    }

    /** False where none grows, it is large enough, or all of it was fetched. */
    private boolean grows(byte[] frames) throws InterruptedException {
        if (growing.isEmpty() || grown.length + frames.length > GROWN_BYTES) {
            return false;
        }
        byte[] more = Arrays.copyOf(grown, grown.length + frames.length);
        System.arraycopy(frames, 0, more, grown.length, frames.length);
        if (!blobs.replace(growing, more)) {
            return false;
        }
        grown = more;
        return true;
    }
}

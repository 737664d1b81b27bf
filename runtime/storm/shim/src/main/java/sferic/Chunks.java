package sferic;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;

/** Results of a topology in the blobstore: each blob is a few RESULT frames. Owned by the caller of keep(). */
final class Chunks {
    /**
     * A source makes its batches larger while they are acked within a quarter of a second: a longer gap would keep them
     * small for ever.
     */
    static final long GAP_MS = 100;

    private final Store blobs;
    private final String prefix;
    private final byte[] about;
    private final Kept kept;
    private long last;
    private long count;

    Chunks(Store blobs, String prefix, byte[] about, Kept kept) {
        this.blobs = blobs;
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
        long wait = last + GAP_MS - System.currentTimeMillis();
        if (wait > 0) {
            Thread.sleep(wait);
        }
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        FrameWriter writer = new FrameWriter(frames);
        long items = 0;
        for (byte[] batch : batches) {
            writer.write(Frames.RESULT, batch);
            items += BatchHeader.unpack(batch).count();
        }
        last = System.currentTimeMillis();
        count++;
        String key = "%s%013d.%06d".formatted(prefix(prefix, attempt), last, count);
        kept.add(key + Kept.size(items, frames.size()), items, frames.toByteArray());
    }
}

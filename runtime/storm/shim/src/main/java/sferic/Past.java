package sferic;

import java.util.List;

/**
 * What workers before this one have left of a topology in the blobstore, as this one found it when it asked first; and what
 * it leaves to those after it. Safe from any thread; everything waits while Nimbus is away.
 */
final class Past {
    private static final byte[] NOTHING = {};

    private final Store blobs;
    private final String prefix;
    private final int sources;
    private final Positions positions;
    // Guarded by this; null until somebody asks.
    private List<String> keys;

    /** `prefix`: of the topology's keys. `sources`: how many instances have to end. */
    Past(Store blobs, String prefix, int sources, Positions positions) {
        this.blobs = blobs;
        this.prefix = prefix;
        this.sources = sources;
        this.positions = positions;
    }

    private synchronized List<String> keys() throws InterruptedException {
        if (keys == null) {
            keys = blobs.list("sferic").stream()
                    .filter(key -> key.startsWith(prefix) || key.startsWith(positions.prefix())).toList();
        }
        return keys;
    }

    private boolean has(String name) throws InterruptedException {
        return keys().contains(prefix + name);
    }

    /** 2 where the first attempt lost state and the topology began again. */
    int attempt() throws InterruptedException {
        return has("again") ? 2 : 1;
    }

    /** Had this topology a worker before this one? Nothing is written before somebody asked. */
    boolean any() throws InterruptedException {
        return has("orders");
    }

    private String named(String kind, String stage, int rank) throws InterruptedException {
        return kind + "." + attempt() + "." + rank + "." + stage;
    }

    /** Did the one before it hold anything that is lost with it? */
    boolean heldState(String stage, int rank) throws InterruptedException {
        return has(named("state", stage, rank));
    }

    /** It holds state from now on. Known before anything is acked that is part of that state. */
    void holdsState(String stage, int rank) throws InterruptedException {
        blobs.create(prefix + named("state", stage, rank), NOTHING);
    }

    /** This instance of a source had ended, and all that came of it was processed. */
    boolean ended(String stage, int rank) throws InterruptedException {
        return has(named("end", stage, rank));
    }

    /** All had been done before this worker began. */
    boolean over() throws InterruptedException {
        String ends = prefix + "end." + attempt() + ".";
        return keys().stream().filter(key -> key.startsWith(ends)).count() >= sources;
    }

    /** This instance of a source has ended; true where it was the last one, now. */
    boolean end(String stage, int rank) throws InterruptedException {
        blobs.create(prefix + named("end", stage, rank), NOTHING);
        return blobs.list(prefix + "end." + attempt() + ".").size() >= sources;
    }

    /** Where a source goes on. */
    byte[] token(Task task) throws InterruptedException, Positions.Unfit, FrameException {
        return positions.open(task.settings().stage(), task.rank(), task.instances(), keys(), attempt() > 1);
    }
}

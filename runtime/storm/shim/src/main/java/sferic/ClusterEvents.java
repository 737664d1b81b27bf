package sferic;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.storm.Config;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where events and results of a topology on a cluster go: the worker's log, and Nimbus' blobstore below `sferic.ID.`,
 * where commands find them. One for all components of a worker. The blobs: docs/manual/operating.md.
 */
final class ClusterEvents implements Events {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterEvents.class);
    private static final double POLL_SECONDS = 5;
    private static final long TELL_MS = 1000;
    private static final long HEIR_LOOK_MS = 500;
    private static final long HEIR_MS = 1100;
    private static final long ENDLESS_BYTES = 256L << 20;
    private static final long LETTERS_BYTES = 256L << 20;
    private static final byte[] NOTHING = {};
    private static final byte[] STOP = {'s', 't', 'o', 'p'};
    private static final String RESTED = "rested";
    private static final byte[] AGAIN = {'a', 'g', 'a', 'i', 'n'};

    private final String topology;
    private final String prefix;
    private final Map<String, Object> about;
    private final boolean endless;
    private final long period;
    private final AtomicBoolean started = new AtomicBoolean();
    private final Blobs blobs;
    private final Chunks chunks;
    private final ScheduledExecutorService timer;
    private final Runnable stop;
    private final LogEvents log = new LogEvents();
    private final Runnable leave;
    private final Positions positions;
    private final Past past;
    private final Counts counts = new Counts();
    private final Letters letters;
    private final Kept results;
    private final Kept undelivered;
    private final AtomicBoolean failed = new AtomicBoolean();
    private final AtomicBoolean leaving = new AtomicBoolean();
    private final String worker = UUID.randomUUID().toString();
    // Ends once: by the timer, or by the first executor that is deactivated.
    private volatile boolean rests;
    // Owned by the timer.
    private boolean stopped;
    private long orders = Blobs.UNKNOWN;
    private long heirs = Blobs.UNKNOWN;
    private Map<String, Long> dropped = Map.of();

    private ClusterEvents(String topology, Map<String, Object> config, Blobs blobs, long period, Runnable stop,
            Runnable leave) {
        Map<String, Object> about = about(config);
        this.topology = topology;
        this.prefix = "sferic." + topology + ".";
        this.about = about;
        this.endless = Boolean.TRUE.equals(about.get("endless"));
        int sources = about.get("sources") instanceof Number number ? number.intValue() : Integer.MAX_VALUE;
        this.period = Math.max(1, period);
        this.blobs = blobs;
        this.results = kept(config, "sferic.keep.results", endless ? ENDLESS_BYTES : Kept.ALL);
        this.chunks = new Chunks(blobs, prefix, Json.bytes(about), results);
        this.undelivered = kept(config, "sferic.keep.letters", LETTERS_BYTES);
        this.letters = new Letters(blobs, prefix, worker, undelivered);
        this.stop = stop;
        this.leave = leave;
        this.rests = Boolean.TRUE.equals(config.get("sferic.rest"));
        this.positions = new Positions(blobs, String.valueOf(config.get(Config.TOPOLOGY_NAME)), topology,
                Boolean.TRUE.equals(config.get("sferic.fresh")));
        this.past = new Past(blobs, prefix, sources, positions);
        this.timer = Timers.create("sferic-cluster");
    }

    /**
     * `stop` runs once, when a command or a failure wants the topology to end; `leave` once, when this worker is to make
     * room for the next attempt.
     */
    static ClusterEvents open(String topology, Map<String, Object> config, Runnable stop, Runnable leave) {
        double seconds = config.get("sferic.poll.seconds") instanceof Number number ? number.doubleValue()
                : POLL_SECONDS;
        return new ClusterEvents(topology, config, new Blobs(config), Math.round(seconds * 1000), stop, leave);
    }

    /** From now on it looks and tells; a second call does nothing. */
    void start() {
        if (started.compareAndSet(false, true)) {
            Kin.endOrphans(); // of workers that were killed together with their children
            Reported.logOnce();
            // Not all workers of a cluster in the same moment.
            long first = ThreadLocalRandom.current().nextLong(period);
            timer.execute(() -> patiently(() -> {
                if (past.attempt() > 1) { // asked before anything is written
                    blobs.list(Chunks.prefix(prefix, 1)).forEach(blobs::delete); // no part of the results any more
                }
                blobs.create(prefix + "orders", NOTHING);
                blobs.create(prefix + "heirs", NOTHING);
                heirs = blobs.version(prefix + "heirs");
                if (about.get("key") != null) {
                    blobs.create(prefix + "about", Json.bytes(about)); // before any dead letter
                }
            }));
            timer.scheduleWithFixedDelay(() -> patiently(this::orders), first, period, TimeUnit.MILLISECONDS);
            timer.scheduleWithFixedDelay(() -> patiently(this::tell), TELL_MS, TELL_MS, TimeUnit.MILLISECONDS);
            timer.scheduleWithFixedDelay(this::lookForHeirs, HEIR_LOOK_MS, HEIR_LOOK_MS, TimeUnit.MILLISECONDS);
        }
    }

    /** What waits while Nimbus is away; who is interrupted is at its end. */
    private interface Waiting {
        void run() throws InterruptedException;
    }

    private static void patiently(Waiting work) {
        try {
            work.run();
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }

    /** Unless the configuration says how much, endless topologies also keep no more blobs than a Nimbus bears. */
    private Kept kept(Map<String, Object> config, String key, long otherwise) {
        Object said = config.get(key);
        if (said == null) {
            return new Kept(blobs, otherwise, otherwise == Kept.ALL ? Integer.MAX_VALUE : Kept.BLOBS);
        }
        if (!(said instanceof Number bytes)) {
            throw new IllegalArgumentException(key + " is a number of bytes, not " + said);
        }
        return new Kept(blobs, bytes.longValue(), Integer.MAX_VALUE);
    }

    /** What a command has to know of the topology when Nimbus has forgotten it. */
    private static Map<String, Object> about(Map<String, Object> config) {
        Map<String, Object> said = new LinkedHashMap<>();
        if (config.get("sferic.about") instanceof Map<?, ?> about) {
            about.forEach((name, value) -> said.put(String.valueOf(name), value));
        }
        if (config.get(Secrets.KEY) != null) {
            said.put("key", config.get(Secrets.KEY));
        }
        return said;
    }

    @Override
    public int attempt() {
        AtomicInteger attempt = new AtomicInteger(1);
        patiently(() -> attempt.set(past.attempt()));
        return attempt.get();
    }

    @Override
    public Begun began(Task task) {
        try {
            look(task);
            boolean over = past.over();
            if (over || past.ended(task.stage(), task.rank())) {
                return new Begun(over, true, NOTHING);
            }
            return new Begun(false, false, past.token(task));
        } catch (Positions.Unfit | FrameException error) {
            event(Map.of("event", "error", "kind", "failed", "stage", task.stage(), "rank", task.rank(), "text",
                    String.valueOf(error.getMessage())));
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
        return Begun.OVER;
    }

    @Override
    public void follows(Task task) {
        timer.execute(() -> patiently(() -> look(task)));
    }

    @Override
    public void ready(String pe) {
        counts.take(Map.of("event", "ready", "pe", pe));
    }

    /** Is it the first of its kind, or what was lost with the one before it? */
    private void look(Task task) throws InterruptedException {
        if (past.any()) {
            boolean over = past.over();
            LOG.info("{}[{}] is not the first: this worker began it again{}", task.stage(), task.rank(),
                    over ? ", and all was done" : "");
            if (!over && past.heldState(task.stage(), task.rank())) {
                event(Map.of("event", "lost", "stage", task.stage(), "rank", task.rank(), "pe",
                        task.settings().stage().pe(0).path()));
            }
            byte[] heir = worker.getBytes(StandardCharsets.US_ASCII);
            timer.execute(() -> patiently(() -> blobs.put(prefix + "heirs", heir)));
        }
    }

    /**
     * Where acks are missing: has an instance begun anew? What its forerunner held would come again only by Storm's
     * timeout. Workers that send to the new one have found their way to it now, or within a second; else it is lost anew.
     */
    private void lookForHeirs() {
        if (!Runs.late(topology)) {
            return;
        }
        long version = blobs.version(prefix + "heirs");
        if (version != heirs && version != Blobs.UNKNOWN) {
            heirs = version;
            Runs.again(topology);
            timer.schedule(() -> Runs.again(topology), HEIR_MS, TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void holdsState(Task task) throws InterruptedException {
        past.holdsState(task.stage(), task.rank());
    }

    @Override
    public void committed(Task task, byte[] token) {
        try {
            positions.committed(task.settings().stage(), task.rank(), token);
        } catch (FrameException error) {
            throw new IllegalStateException("a position cannot be read: " + error.getMessage(), error);
        }
    }

    @Override
    public void overtaken() {
        if (leaving.compareAndSet(false, true)) {
            leave.run();
        }
    }

    @Override
    public void look() {
        timer.execute(() -> patiently(this::orders));
    }

    private void orders() throws InterruptedException {
        long version = blobs.version(prefix + "orders");
        if (version == orders || version == Blobs.UNKNOWN) {
            return;
        }
        boolean first = orders == Blobs.UNKNOWN;
        orders = version;
        if (rests) {
            String said = said();
            // Who has begun while Storm was to deactivate it goes on resting until that has reached it.
            rests = said.isEmpty() || said.equals(RESTED) && !first;
        }
        if (past.attempt() == 1 && !blobs.list(prefix + "again").isEmpty()) {
            overtaken();
        } else if (!stopped && toStop()) {
            stopped = true;
            stop.run();
        }
    }

    private boolean toStop() throws InterruptedException {
        return said().startsWith("stop");
    }

    private String said() throws InterruptedException {
        byte[] said = blobs.fetch(prefix + "orders");
        return said == null ? "" : new String(said, StandardCharsets.US_ASCII);
    }

    @Override
    public boolean rests() {
        return rests;
    }

    @Override
    public void deactivated() {
        rests = false;
    }

    /** What is new of counts, dead letters, positions, and of what was dropped. */
    private void tell() throws InterruptedException {
        log.tick();
        byte[] counted = counts.news();
        if (counted != null) {
            blobs.put(prefix + "counts." + worker, counted);
        }
        letters.keep();
        positions.write();
        Map<String, Long> now = Map.of("results", results.dropped(), "letters", undelivered.dropped());
        if (!now.equals(dropped) && now.values().stream().anyMatch(count -> count > 0)) {
            dropped = now;
            blobs.put(prefix + "dropped." + worker, Json.bytes(now));
        }
    }

    @Override
    public void event(Map<String, Object> event) {
        log.event(event);
        counts.take(event);
        if ("failed".equals(event.get("event")) && "dead-letter".equals(event.get("policy")) && !letters.take(event)) {
            log.event(Map.of("event", "log", "level", 40, "pe", event.get("pe"), "rank", event.get("rank"),
                    "text", "too many dead letters: this one is not kept"));
        }
        boolean spoilt = "lost".equals(event.get("event")) && !endless;
        if (spoilt && attempt() == 1 && !failed.get()) {
            beginAgain(event);
        } else if ((spoilt || Events.last(event)) && failed.compareAndSet(false, true)) {
            Map<String, Object> bare = new LinkedHashMap<>(event);
            bare.remove("data");
            timer.execute(() -> patiently(() -> {
                blobs.create(prefix + "failed", Json.bytes(bare));
                blobs.put(prefix + "orders", STOP);
            }));
        }
    }

    /** All workers leave, and those that follow are of the second attempt. */
    private void beginAgain(Map<String, Object> event) {
        if (leaving.compareAndSet(false, true)) {
            LOG.warn("state is lost: the topology begins again");
            timer.execute(() -> patiently(() -> {
                blobs.create(prefix + "again", Json.bytes(event));
                blobs.put(prefix + "orders", toStop() ? STOP : AGAIN); // so that it is looked at
                leave.run();
            }));
        }
    }

    @Override
    public void finished(String stage, int rank) {
        timer.execute(() -> patiently(() -> {
            tell(); // who sees the end finds what came before it
            if (past.end(stage, rank) && !toStop()) {
                positions.drop();
            }
        }));
    }

    @Override
    public void results(List<byte[]> batches) throws IOException, InterruptedException {
        chunks.keep(past.attempt(), batches);
    }
}

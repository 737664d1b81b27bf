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
    private static final byte[] NOTHING = {};
    private static final byte[] STOP = {'s', 't', 'o', 'p'};

    private final String prefix;
    private final Map<String, Object> about;
    private final boolean endless;
    private final int sources;
    private final long period;
    private final AtomicBoolean started = new AtomicBoolean();
    private final Blobs blobs;
    private final Chunks chunks;
    private final ScheduledExecutorService timer;
    private final Runnable stop;
    private final Counts counts = new Counts();
    private final Letters letters = new Letters();
    private final AtomicBoolean failed = new AtomicBoolean();
    private final String worker = UUID.randomUUID().toString();
    // Owned by the timer.
    private boolean stopped;
    private long orders = Blobs.UNKNOWN;
    private long lot;

    private ClusterEvents(String topology, Map<String, Object> about, Blobs blobs, long period, Runnable stop) {
        this.prefix = "sferic." + topology + ".";
        this.about = about;
        this.endless = Boolean.TRUE.equals(about.get("endless"));
        this.sources = about.get("sources") instanceof Number number ? number.intValue() : Integer.MAX_VALUE;
        this.period = Math.max(1, period);
        this.blobs = blobs;
        this.chunks = new Chunks(blobs, prefix, Json.bytes(about), endless ? Chunks.ENDLESS_BYTES : Chunks.ALL);
        this.stop = stop;
        this.timer = Timers.create("sferic-cluster");
    }

    /** `stop` runs once, when a command or a failure wants the topology to end. */
    static ClusterEvents open(String topology, Map<String, Object> config, Runnable stop) {
        double seconds = config.get("sferic.poll.seconds") instanceof Number number ? number.doubleValue()
                : POLL_SECONDS;
        return new ClusterEvents(topology, about(config), new Blobs(config), Math.round(seconds * 1000), stop);
    }

    /** From now on it looks and tells; a second call does nothing. */
    void start() {
        if (started.compareAndSet(false, true)) {
            // Not all workers of a cluster in the same moment.
            long first = ThreadLocalRandom.current().nextLong(period);
            timer.execute(() -> create("orders", NOTHING));
            if (about.get("key") != null) {
                timer.execute(() -> create("about", Json.bytes(about))); // before any dead letter
            }
            timer.scheduleWithFixedDelay(this::look, first, period, TimeUnit.MILLISECONDS);
            timer.scheduleWithFixedDelay(this::tell, TELL_MS, TELL_MS, TimeUnit.MILLISECONDS);
        }
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

    /** It is not the first one where a worker was lost, with all that its instances held. */
    @Override
    public boolean began(String stage, int rank, boolean source, boolean stateless) {
        if (source) {
            return again(stage, rank, stateless); // it must not send anything before this is known
        }
        timer.execute(() -> again(stage, rank, stateless));
        return false;
    }

    private boolean again(String stage, int rank, boolean stateless) {
        if (create("began." + rank + "." + stage, NOTHING)) {
            return false;
        }
        List<String> ended = blobs.keys(prefix + "end.");
        boolean over = ended.contains(prefix + end(stage, rank)) || ended.size() >= sources;
        LOG.info("{}[{}] is not the first: this worker began it again{}", stage, rank, over ? ", and it was done" : "");
        if (!over && !stateless) {
            event(Map.of("event", "lost", "stage", stage, "rank", rank));
        }
        return over;
    }

    private static String end(String stage, int rank) {
        return "end." + rank + "." + stage;
    }

    private void look() {
        long version = stopped ? orders : blobs.version(prefix + "orders");
        if (version != orders) {
            orders = version;
            stopped = new String(blobs.read(prefix + "orders"), StandardCharsets.US_ASCII)
                    .startsWith("stop");
            if (stopped) {
                stop.run();
            }
        }
    }

    /** What is new of counts and dead letters. */
    private void tell() {
        byte[] counted = counts.news();
        if (counted != null) {
            put("counts." + worker, counted);
        }
        byte[] lines = letters.news();
        if (lines != null) {
            lot++;
            create("letters.%013d.%06d.%s".formatted(System.currentTimeMillis(), lot, worker), lines);
        }
    }

    @Override
    public void event(Map<String, Object> event) {
        LogEvents.event(event);
        counts.take(event);
        if ("failed".equals(event.get("event")) && "dead-letter".equals(event.get("policy")) && !letters.take(event)) {
            LogEvents.event(Map.of("event", "log", "level", 40, "pe", event.get("pe"), "rank", event.get("rank"),
                    "text", "too many dead letters: this one is not kept"));
        }
        boolean spoilt = "lost".equals(event.get("event")) && !endless;
        if ((spoilt || Events.last(event)) && failed.compareAndSet(false, true)) {
            Map<String, Object> bare = new LinkedHashMap<>(event);
            bare.remove("data");
            timer.execute(() -> {
                create("failed", Json.bytes(bare));
                put("orders", STOP);
            });
        }
    }

    @Override
    public void finished(String stage, int rank) {
        timer.execute(() -> {
            tell(); // who sees the end finds what came before it
            create(end(stage, rank), NOTHING);
        });
    }

    private boolean create(String name, byte[] data) {
        try {
            return blobs.create(prefix + name, data);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private void put(String name, byte[] data) {
        try {
            blobs.put(prefix + name, data);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void results(List<byte[]> batches) throws IOException, InterruptedException {
        chunks.keep(batches);
    }
}

package sferic;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Where events and results of a topology on a cluster go: the worker's log, and Nimbus' blobstore below `sferic.ID.`,
 * where commands find them. One for all components of a worker.
 */
final class ClusterEvents implements Events {
    private static final double POLL_SECONDS = 5;
    private static final long GAP_MS = 200;
    private static final long TELL_MS = 1000;

    private final String prefix;
    private final Blobs blobs;
    private final byte[] about;
    private final ScheduledExecutorService timer;
    private final Runnable stop;
    private final Counts counts = new Counts();
    private final Letters letters = new Letters();
    private final AtomicBoolean failed = new AtomicBoolean();
    private final String worker = UUID.randomUUID().toString();
    // Owned by the one caller of results().
    private long lastResults;
    private long chunk;
    // Owned by the timer.
    private boolean stopped;
    private long lot;

    private ClusterEvents(String topology, Blobs blobs, byte[] about, Runnable stop) {
        this.prefix = "sferic." + topology + ".";
        this.blobs = blobs;
        this.about = about;
        this.stop = stop;
        this.timer = Timers.create("sferic-cluster");
    }

    /** `stop` runs once, when a command or a failure wants the topology to end. */
    static ClusterEvents open(String topology, Map<String, Object> config, Runnable stop) {
        byte[] about = config.get("sferic.about") instanceof Map<?, ?> map ? Json.bytes(text(map, config)) : null;
        ClusterEvents events = new ClusterEvents(topology, new Blobs(config), about, stop);
        double seconds = config.get("sferic.poll.seconds") instanceof Number number ? number.doubleValue()
                : POLL_SECONDS;
        long period = Math.max(1, Math.round(seconds * 1000));
        // Not all workers of a cluster in the same moment.
        long first = ThreadLocalRandom.current().nextLong(period);
        events.timer.scheduleWithFixedDelay(events::look, first, period, TimeUnit.MILLISECONDS);
        events.timer.scheduleWithFixedDelay(events::tell, TELL_MS, TELL_MS, TimeUnit.MILLISECONDS);
        return events;
    }

    /** What a command has to know of the topology when Nimbus has forgotten it. */
    private static Map<String, Object> text(Map<?, ?> about, Map<String, Object> config) {
        Map<String, Object> said = new LinkedHashMap<>();
        about.forEach((name, value) -> said.put(String.valueOf(name), value));
        if (config.get("sferic.key") != null) {
            said.put("key", config.get("sferic.key"));
        }
        return said;
    }

    private void look() {
        if (!stopped && (blobs.has(prefix + "stop") || blobs.has(prefix + "failed"))) {
            stopped = true;
            stop.run();
        }
    }

    /** What is new of counts and dead letters. */
    private void tell() {
        byte[] counted = counts.news();
        if (counted != null) {
            write("counts." + worker, counted);
        }
        byte[] lines = letters.news();
        if (lines != null) {
            lot++;
            write("letters.%013d.%06d.%s".formatted(System.currentTimeMillis(), lot, worker), lines);
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
        if (Events.last(event) && failed.compareAndSet(false, true)) {
            Map<String, Object> bare = new LinkedHashMap<>(event);
            bare.remove("data");
            later("failed", Json.bytes(bare));
        }
    }

    @Override
    public void finished(String stage, int rank) {
        timer.execute(() -> {
            tell(); // who sees the end finds what came before it
            write("end." + rank + "." + stage, new byte[0]);
        });
    }

    private void later(String name, byte[] data) {
        timer.execute(() -> write(name, data));
    }

    private void write(String name, byte[] data) {
        try {
            blobs.write(prefix + name, data);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }

    /** In one blob, at most so often: what comes meanwhile is in the next. */
    @Override
    public void results(List<byte[]> batches) throws IOException, InterruptedException {
        if (chunk == 0 && about != null) {
            blobs.write(prefix + "about", about);
        }
        long wait = lastResults + GAP_MS - System.currentTimeMillis();
        if (wait > 0) {
            Thread.sleep(wait);
        }
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        FrameWriter writer = new FrameWriter(frames);
        for (byte[] batch : batches) {
            writer.write(Frames.RESULT, batch);
        }
        lastResults = System.currentTimeMillis();
        chunk++;
        blobs.write("%sresults.%013d.%06d".formatted(prefix, lastResults, chunk), frames.toByteArray());
    }
}

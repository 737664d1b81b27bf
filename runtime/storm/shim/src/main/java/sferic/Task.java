package sferic;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.apache.storm.generated.GlobalStreamId;
import org.apache.storm.task.IErrorReporter;
import org.apache.storm.task.TopologyContext;

/** One instance's place in the topology. Immutable. */
record Task(String stage, int rank, int instances, Settings settings, Events events, Set<String> streams,
        Set<Integer> endSenders, Worker worker) {
    private static final int KEPT_BYTES = 32 << 20;

    /** `reporter`: to whom failures are told for Storm's own interfaces. */
    static Task of(String stage, Map<String, Object> config, TopologyContext context, IErrorReporter reporter) {
        String component = context.getThisComponentId();
        Path resources = Path.of(context.getCodeDir()).toAbsolutePath();
        Settings settings = Settings.read(config, stage, resources);
        Set<Integer> senders = new HashSet<>();
        for (GlobalStreamId source : context.getThisSources().keySet()) {
            if (source.get_streamId().equals(Frames.END_STREAM)) {
                senders.addAll(context.getComponentTasks(source.get_componentId()));
            }
        }
        int instances = context.getComponentTasks(component).size();
        int rank = Frames.rank(context.getThisTaskIndex(), instances);
        String run = settings.run();
        Events events;
        if (run == null) {
            run = context.getStormId();
            Private.keep(resources, run, config);
            boolean hasPes = config.get("sferic.stages") instanceof Map<?, ?> stages && stages.containsKey(stage);
            Meters meters = hasPes ? new Meters(settings.stage(), rank, Meters.Registry.of(context)) : Meters.NONE;
            events = new ReportedEvents(Runs.onCluster(run, config), reporter, meters);
        } else {
            events = Runs.events(run);
        }
        int attempt = events.attempt();
        Settings own = attempt == 0 ? settings : settings.at(attempt);
        return new Task(stage, rank, instances, withFolder(own.of(run)), events,
                Set.copyOf(context.getThisStreams()), senders,
                new Worker(context.getStormId(), context.getThisTaskId(), Set.copyOf(context.getThisWorkerTasks())));
    }

    private static Settings withFolder(Settings settings) {
        try {
            if (settings.folder() != null) {
                Files.createDirectories(settings.folder());
                return settings;
            }
            Path own = Files.createTempDirectory("sferic-");
            own.toFile().deleteOnExit();
            return settings.in(own);
        } catch (IOException error) {
            throw new IllegalStateException("no folder for what the instance shares with its process: " + error, error);
        }
    }

    String name() {
        return "sferic-" + stage + "-" + rank;
    }

    /** END of this instance, as a batch. */
    byte[] end() {
        return BatchHeader.end(rank, settings.attempt()).pack();
    }

    /** The event of a whole batch that is given up, by this policy; `written`: by the stage, not for it. */
    Map<String, Object> failed(byte[] batch, boolean written, String policy, String error, int attempts)
            throws FrameException {
        BatchHeader header = BatchHeader.unpack(batch);
        Stage.Port port = settings.stage().port(header.link(), written);
        boolean kept = batch.length <= KEPT_BYTES;
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("event", "failed");
        event.put("pe", port.pe());
        event.put("rank", rank);
        event.put("port", port.name());
        event.put("written", written);
        event.put("item", "a batch of " + header.count());
        event.put("error", error);
        event.put("traceback", "");
        event.put("policy", policy);
        event.put("attempts", attempts);
        event.put("time", DateTimeFormatter.ISO_INSTANT.format(Instant.now()));
        event.put("codec", kept ? header.codec() == 1 ? "general" : "trusted" : null);
        event.put("count", header.count());
        event.put("data", kept ? Base64.getEncoder().encodeToString(
                Arrays.copyOfRange(batch, BatchHeader.SIZE, batch.length)) : null);
        return event;
    }

    /** Refuses an output that the topology does not know, before any of its frame is sent on. */
    void check(Iterable<Emit> emits) throws FrameException {
        for (Emit emit : emits) {
            if (!streams.contains(Frames.stream(emit.link()))) {
                throw new FrameException("output for link " + Integer.toUnsignedString(emit.link())
                        + ", which is not one of stage " + stage);
            }
        }
    }
}

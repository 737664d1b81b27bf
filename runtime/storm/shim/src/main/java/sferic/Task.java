package sferic;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.storm.generated.GlobalStreamId;
import org.apache.storm.task.TopologyContext;

/** One instance's place in the topology. Immutable. */
record Task(String stage, int rank, Settings settings, Events events, Set<String> streams, Set<Integer> endSenders) {

    static Task of(String stage, Map<String, Object> config, TopologyContext context) {
        String component = context.getThisComponentId();
        Path resources = Path.of(context.getCodeDir(), "resources").toAbsolutePath();
        Settings settings = Settings.read(config, stage, resources);
        Set<Integer> senders = new HashSet<>();
        for (GlobalStreamId source : context.getThisSources().keySet()) {
            if (source.get_streamId().equals(Frames.END_STREAM)) {
                senders.addAll(context.getComponentTasks(source.get_componentId()));
            }
        }
        int rank = Frames.rank(context.getThisTaskIndex(), context.getComponentTasks(component).size());
        return new Task(stage, rank, withFolder(settings), Runs.events(settings.run()),
                Set.copyOf(context.getThisStreams()), senders);
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

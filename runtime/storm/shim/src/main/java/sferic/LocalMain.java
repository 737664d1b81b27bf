package sferic;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.apache.storm.generated.SpoutSpec;
import org.apache.storm.generated.StormTopology;
import org.apache.storm.thrift.TDeserializer;
import org.apache.storm.thrift.protocol.TBinaryProtocol;

/**
 * Runs one topology in this JVM for a command that reads our stdout and may end our stdin. Both carry frames.
 * Argument: a JSON file with `name`, `struct` (path of the topology, Thrift binary), `config`, `tmp` (our folder) and
 * `folder` (which that command removes when it ends, and we when it was killed; may lack).
 */
public final class LocalMain {
    private static final String RUN = "local";
    private static final int ROUNDS = 5;

    private final AtomicBoolean leaving = new AtomicBoolean();
    // Written by the thread that reads frames, read by the one that leaves.
    private volatile boolean orphaned;
    private final Path tmp;
    private final String folder;
    private final String name;
    private final StormTopology topology;
    private final Map<String, Object> config = new HashMap<>();
    private final FrameEvents events;

    private LocalMain(Map<String, Object> given, FileOutputStream out) throws Exception {
        tmp = Path.of((String) given.get("tmp")).toAbsolutePath();
        folder = (String) given.get("folder");
        name = (String) given.get("name");
        topology = read(Path.of((String) given.get("struct")));
        config.putAll(object(given.get("config")));
        config.put("sferic.run", RUN);
        config.putIfAbsent("sferic.run.dir", tmp.resolve("run").toString());
        events = new FrameEvents(out, sources(topology), this::finished, () -> leave(1));
    }

    /** See the class. */
    public static void main(String[] arguments) {
        if (arguments.length != 1) {
            System.err.println("usage: sferic.LocalMain CONF.json");
            System.exit(2);
        }
        // What anybody prints must not come between frames.
        System.setOut(System.err);
        try {
            Map<String, Object> given = Json.object(Files.readAllBytes(Path.of(arguments[0])));
            quietLogs(Path.of((String) given.get("tmp")).toAbsolutePath());
            new LocalMain(given, new FileOutputStream(FileDescriptor.out)).run();
        } catch (Exception error) { // the command that started us must learn why
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
    }

    /** Before anything of Storm's loads. */
    private static void quietLogs(Path tmp) throws IOException {
        Files.createDirectories(tmp);
        System.setProperty("java.io.tmpdir", tmp.toString());
        if (System.getProperty("log4j2.configurationFile") == null) {
            Path file = tmp.resolve("log4j2.xml");
            Files.writeString(file, """
                    <Configuration status="error" shutdownHook="disable">
                      <Appenders>
                        <File name="file" fileName="%s">
                          <PatternLayout pattern="%%d %%p %%c{1} %%t %%m%%n"/>
                        </File>
                      </Appenders>
                      <Loggers><Root level="warn"><AppenderRef ref="file"/></Root></Loggers>
                    </Configuration>
                    """.formatted(escape(tmp.resolve("storm.log").toString())));
            System.setProperty("log4j2.configurationFile", file.toUri().toString());
        }
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;").replace("$", "$$");
    }

    private static StormTopology read(Path struct) throws Exception {
        StormTopology topology = new StormTopology();
        new TDeserializer(new TBinaryProtocol.Factory()).deserialize(topology, Files.readAllBytes(struct));
        return topology;
    }

    @SuppressWarnings("unchecked") // keys of a JSON object are text
    private static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    private static int sources(StormTopology topology) throws FrameException {
        int sources = 0;
        for (SpoutSpec spout : topology.get_spouts().values()) {
            int tasks = Math.max(1, spout.get_common().get_parallelism_hint());
            String own = spout.get_common().get_json_conf();
            if (own != null && !own.isEmpty()
                    && Json.object(own.getBytes(StandardCharsets.UTF_8)).get("topology.tasks")
                            instanceof Number number) {
                tasks = number.intValue();
            }
            sources += tasks;
        }
        return sources;
    }

    private void run() throws Exception {
        Runs.open(RUN, events);
        daemon("sferic-runner", this::obey);
        try {
            LocalStorm.start(tmp).submit(name, config, topology);
            events.state("up");
        } catch (Exception error) { // Storm's own, of any kind: told in the protocol, with the details on stderr
            error.printStackTrace();
            events.event(Map.of("event", "error", "kind", "failed", "text", "Storm did not start: " + error));
            leave(1);
        }
    }

    /** Frames from the command, until it is gone. */
    private void obey() {
        FrameReader reader = new FrameReader(new FileInputStream(FileDescriptor.in), Frames.HEADER);
        try {
            for (Frame frame = reader.read(); frame != null; frame = reader.read()) {
                if (frame.type() == Frames.STOP) {
                    Runs.stop(RUN);
                }
            }
        } catch (IOException error) {
            System.err.println("the frames from the command: " + error.getMessage());
        }
        orphaned = true;
        leave(1);
    }

    private void finished() {
        // Not on Storm's thread, which closing waits for.
        daemon("sferic-finished", () -> leave(0));
    }

    /** Ends the children, then this JVM, without Storm's slow goodbye. What they said last comes before "finished". */
    private void leave(int status) {
        if (!leaving.compareAndSet(false, true)) {
            return;
        }
        daemon("sferic-leave", () -> {
            try {
                Runs.close(RUN);
                if (orphaned && folder != null) {
                    remove(Path.of(folder));
                }
                if (status == 0) {
                    events.state("finished");
                }
            } catch (IOException error) {
                System.err.println("cannot remove " + folder + ": " + error.getMessage());
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
            } finally {
                Runtime.getRuntime().halt(status);
            }
        });
    }

    /** Links are removed, not followed. Storm's threads may still write: what they add goes in another round. */
    private static void remove(Path tree) throws IOException {
        for (int round = 0; round < ROUNDS && Files.exists(tree); round++) {
            List<Path> found;
            try (Stream<Path> paths = Files.walk(tree)) {
                found = paths.sorted(Comparator.reverseOrder()).toList();
            } catch (UncheckedIOException error) {
                continue; // something went while it was looked at
            }
            for (Path path : found) {
                try {
                    Files.deleteIfExists(path);
                } catch (DirectoryNotEmptyException error) {
                    break;
                }
            }
        }
    }

    private static void daemon(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }
}

package sferic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.storm.generated.Bolt;
import org.apache.storm.generated.ComponentCommon;
import org.apache.storm.generated.ComponentObject;
import org.apache.storm.generated.GlobalStreamId;
import org.apache.storm.generated.Grouping;
import org.apache.storm.generated.JavaObject;
import org.apache.storm.generated.JavaObjectArg;
import org.apache.storm.generated.NullStruct;
import org.apache.storm.generated.SpoutSpec;
import org.apache.storm.generated.StateSpoutSpec;
import org.apache.storm.generated.StormTopology;
import org.apache.storm.generated.StreamInfo;
import org.apache.storm.thrift.TSerializer;
import org.apache.storm.thrift.protocol.TBinaryProtocol;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real Storm in one JVM, with fake hosts. */
@Timeout(120)
class LocalMainTest {
    private static final List<String> ITEM = List.of("bucket", "batch");
    @TempDir
    Path folder;
    private Process storm;
    private FrameReader reader;

    private static ComponentObject component(String type, String... arguments) {
        List<JavaObjectArg> list = new ArrayList<>();
        for (String argument : arguments) {
            list.add(JavaObjectArg.string_arg(argument));
        }
        return ComponentObject.java_object(new JavaObject(type, list));
    }

    private static ComponentCommon common(int tasks, Map<GlobalStreamId, Grouping> inputs, String... links) {
        Map<String, StreamInfo> streams = new HashMap<>();
        for (String link : links) {
            streams.put(link, new StreamInfo(link.equals("end") ? List.of("batch") : ITEM, false));
        }
        ComponentCommon common = new ComponentCommon(inputs, streams);
        common.set_parallelism_hint(tasks);
        return common;
    }

    private static StormTopology topology() {
        Grouping byBucket = Grouping.fields(List.of("bucket"));
        Map<String, SpoutSpec> spouts = Map.of("source",
                new SpoutSpec(component("sferic.HostSpout", "source"), common(1, Map.of(), "l1", "end")));
        Map<String, Bolt> bolts = Map.of(
                "relay", new Bolt(component("sferic.HostBolt", "relay"), common(2, Map.of(
                        new GlobalStreamId("source", "l1"), byBucket,
                        new GlobalStreamId("source", "end"), Grouping.all(new NullStruct())), "l2")),
                "results", new Bolt(component("sferic.ResultsBolt"),
                        common(1, Map.of(new GlobalStreamId("relay", "l2"), byBucket))));
        return new StormTopology(spouts, bolts, Map.<String, StateSpoutSpec>of());
    }

    /** What the command made for the run. */
    private Path own() {
        return folder.resolve("own");
    }

    private void start(String source) throws Exception {
        Path struct = folder.resolve("topology");
        Files.write(struct, new TSerializer(new TBinaryProtocol.Factory()).serialize(topology()));
        Path fake = Path.of("src/test/resources/fake_host.py").toAbsolutePath();
        Map<String, Object> config = Map.of(
                "sferic.child", List.of("-I", fake.toString()),
                "sferic.env", Map.of("FAKE_source", source, "FAKE_relay", "relay links:2,0 post started"),
                "sferic.window", 4);
        Path conf = Files.createDirectory(own()).resolve("conf.json");
        Files.write(conf, Json.bytes(Map.of("name", "t", "struct", struct.toString(), "config", config,
                "tmp", own().resolve("tmp").toString(), "folder", own().toString())));
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m", "-cp",
                System.getProperty("java.class.path"), "sferic.LocalMain", conf.toString());
        storm = builder.redirectError(new File(folder.toFile(), "stderr")).start();
        reader = new FrameReader(storm.getInputStream(), Frames.DEFAULT_LIMIT);
    }

    @AfterEach
    void end() {
        storm.destroyForcibly();
    }

    /** Payloads of the results up to the state `finished`. */
    private List<String> results() throws IOException {
        List<String> results = new ArrayList<>();
        for (Frame frame = reader.read(); frame != null; frame = reader.read()) {
            if (frame.type() == Frames.RESULT) {
                results.add(Fakes.payload(frame.body()));
            } else if (frame.type() == Frames.STATE && text(frame).contains("finished")) {
                return results;
            }
        }
        throw new AssertionError("it ended: " + Files.readString(folder.resolve("stderr")));
    }

    private static String text(Frame frame) {
        return new String(frame.body(), StandardCharsets.UTF_8);
    }

    private void awaitFirstResult() throws IOException {
        Frame frame = reader.read();
        while (frame.type() != Frames.RESULT) {
            frame = reader.read();
        }
    }

    private static void awaitAllGone(List<ProcessHandle> children) {
        assertTrue(children.size() >= 3);
        children.forEach(child -> child.onExit().orTimeout(Fakes.LIMIT_S, TimeUnit.SECONDS).join());
    }

    @Test
    void aFiniteTopologyEnds() throws Exception {
        start("source:50 links:1,1");
        List<String> results = new ArrayList<>(results());
        List<String> expected = new ArrayList<>(IntStream.rangeClosed(1, 50).mapToObj(i -> "item " + i).toList());
        expected.addAll(List.of("post 0", "post 1"));
        expected.sort(null);
        results.sort(null);
        assertEquals(expected, results);
        assertEquals(0, storm.waitFor());
        assertTrue(Files.exists(own()), "the command has still to read it");
    }

    @Test
    void stopDrainsAndEnds() throws Exception {
        start("source:1000000000 links:1,1");
        awaitFirstResult();
        List<ProcessHandle> children = storm.descendants().toList();
        new FrameWriter(storm.getOutputStream()).write(Frames.STOP, new byte[0]);
        List<String> results = results();
        assertEquals(2, results.stream().filter(result -> result.startsWith("post")).count());
        assertEquals(0, storm.waitFor());
        awaitAllGone(children);
    }

    @Test
    void nothingOutlivesTheCommand() throws Exception {
        start("source:1000000000 links:1,1");
        awaitFirstResult();
        List<ProcessHandle> children = storm.descendants().toList();
        storm.getOutputStream().close();
        storm.getInputStream().close();
        assertEquals(1, storm.waitFor());
        awaitAllGone(children);
        assertFalse(Files.exists(own()), "a key may be there");
    }

    @Test
    void nothingOutlivesTheWorker() throws Exception {
        start("source:1000000000 links:1,1");
        awaitFirstResult();
        List<ProcessHandle> children = storm.descendants().toList();
        storm.destroyForcibly();
        awaitAllGone(children);
    }
}

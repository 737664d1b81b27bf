package sferic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.storm.spout.SpoutOutputCollector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SourceTest {
    private final Fakes.SpoutLog log = new Fakes.SpoutLog();
    private final Fakes.Sink sink = new Fakes.Sink();
    private final HostSpout spout = new HostSpout("s");
    @TempDir
    Path folder;
    private long now;

    private void start(String how) {
        spout.start(Fakes.task(Fakes.settings(folder, how, 0), sink), new SpoutOutputCollector(log), () -> now, Begun.FIRST);
    }

    @AfterEach
    void stop() {
        spout.close();
    }

    /** What the executor does, until something is emitted. */
    private Fakes.Act next() throws InterruptedException {
        int before = log.all().size();
        while (log.all().size() == before) {
            spout.nextTuple();
            Thread.onSpinWait();
            Thread.sleep(1);
        }
        return log.all().get(before);
    }

    private List<String> drain() throws InterruptedException {
        List<String> payloads = new ArrayList<>();
        for (Fakes.Act act = next(); !act.stream().equals(Frames.END_STREAM); act = next()) {
            payloads.add(Fakes.payload(act.batch()));
            spout.ack(act.id());
        }
        return payloads;
    }

    private static List<String> items(int from, int to) {
        return IntStream.rangeClosed(from, to).mapToObj(i -> "item " + i).toList();
    }

    private Fakes.Act last() {
        return log.all().get(log.all().size() - 1);
    }

    @Test
    void endsWhenAllIsAcked() throws InterruptedException {
        start("source:100 links:2,0");
        assertEquals(items(1, 100), drain());
        assertEquals(0, sink.count("finished"));
        spout.ack(last().id());
        assertEquals(1, sink.count("finished"));
    }

    @Test
    void oneThatIsToRestHasAProcessAndEmitsNothing() throws InterruptedException {
        sink.rests = true;
        start("source:3 links:2,0 notoken");
        sink.await("holds state"); // it has read, as far as its window
        for (int i = 0; i < 50; i++) {
            spout.nextTuple();
            Thread.sleep(1);
        }
        assertEquals(0, log.all().size());
        spout.deactivate();
        spout.activate();
        assertEquals(items(1, 3), drain());
    }

    @Test
    void whatFailsIsSentAgainAndEndWaits() throws InterruptedException {
        start("source:2 links:2,0");
        Fakes.Act first = next();
        Fakes.Act second = next();
        spout.ack(second.id());
        spout.fail(first.id());
        Fakes.Act again = next();
        assertEquals("item 1", Fakes.payload(again.batch()));
        assertEquals(first.id(), again.id());
        spout.ack(again.id());
        assertEquals(Frames.END_STREAM, next().stream());
        spout.fail(last().id());
        assertEquals(Frames.END_STREAM, next().stream());
    }

    @Test
    void whatAnInstanceTookWithItIsSentAgainOnce() throws InterruptedException {
        start("source:3 links:2,0");
        Fakes.Act first = next();
        Fakes.Act second = next();
        assertFalse(spout.late());
        now += 2000;
        assertTrue(spout.late());
        Fakes.Act third = next();
        spout.ack(second.id());
        spout.again();
        assertEquals(first.id(), next().id());
        assertFalse(spout.late());
        spout.ack(first.id());
        spout.ack(third.id());
        assertEquals(Frames.END_STREAM, next().stream());
        spout.fail(first.id()); // Storm's timeout of what was sent first
        assertEquals(1, sink.count("replayed"));
        now += 2000;
        assertTrue(spout.late());
        spout.again();
        assertEquals(Frames.END_STREAM, next().stream());
        spout.ack(last().id());
        assertFalse(spout.late());
    }

    @Test
    void whatIsFailedTooOftenIsSetAside() throws InterruptedException {
        start("source:2 links:2,0");
        Fakes.Act first = next();
        Fakes.Act second = next();
        spout.ack(second.id());
        for (int i = 0; i < 10; i++) {
            now += 1000; // the timeout: it is nobody's fault
            spout.fail(first.id());
            assertEquals(first.id(), next().id());
        }
        for (int i = 0; i < 2; i++) {
            spout.fail(first.id());
            assertEquals(first.id(), next().id());
        }
        assertEquals(0, sink.count("failed"));
        spout.fail(first.id());
        Map<String, Object> failed = sink.all().stream().filter(event -> "failed".equals(event.get("event"))).findAny()
                .orElseThrow();
        assertEquals(List.of("the PE", 2, 3, "a batch of 1", "it was failed 3 times"), List.of(failed.get("pe"),
                failed.get("rank"), failed.get("attempts"), failed.get("item"), failed.get("error")));
        assertEquals("item 1", new String(Base64.getDecoder().decode((String) failed.get("data"))));
        assertEquals(Frames.END_STREAM, next().stream());
    }

    @Test
    void aGroupIsAckedWhenAllItsOutputsAre() throws InterruptedException {
        start("source:5 links:2,0;2,1");
        List<Fakes.Act> acts = new ArrayList<>();
        while (acts.size() < 8) {
            spout.nextTuple();
            acts = log.all();
            Thread.sleep(1);
        }
        // Window 4: the fifth group comes only after one of the four is whole.
        List.copyOf(acts).subList(0, 8).stream().filter(act -> act.id().toString().contains("index=0"))
                .forEach(act -> spout.ack(act.id()));
        for (int i = 0; i < 50; i++) {
            spout.nextTuple();
            Thread.sleep(1);
        }
        assertEquals(8, log.all().size());
        spout.ack(log.all().get(1).id());
        assertEquals("item 5", Fakes.payload(next().batch()));
    }

    @Test
    void aSourceThatKnowsItsPositionGoesOn() throws InterruptedException {
        start("source:20 links:2,0 die_at:3");
        assertEquals(items(1, 20), drain());
        assertEquals(1, sink.count("died"));
        assertEquals(0, sink.count("lost"));
    }

    @Test
    void itsHeirIsToldWhatIsUnderWay() throws InterruptedException {
        start("source:5 links:2,0 die_at:3 started");
        Fakes.until(() -> sink.count("started") == 2);
        List<Object> unacked = sink.all().stream().filter(event -> "started".equals(event.get("event")))
                .map(event -> ((Map<?, ?>) event.get("start")).get("unacked")).collect(Collectors.toList());
        assertEquals("[[], [1,2,3]]", unacked.toString());
        assertEquals(items(1, 5), drain());
    }

    @Test
    void aSourceThatDoesNotIsLost() throws InterruptedException {
        start("source:5 links:2,0 die_at:3 notoken");
        Map<String, Object> lost = sink.await("lost");
        assertEquals("s", lost.get("stage"));
    }

    private List<Object> committed() {
        return sink.all().stream().filter(event -> "committed".equals(event.get("event")))
                .map(event -> event.get("token")).toList();
    }

    @Test
    void positionsAreCommittedInTheOrderOfGroups() throws InterruptedException {
        start("source:4 links:2,0");
        List<Fakes.Act> acts = List.of(next(), next(), next(), next());
        spout.ack(acts.get(1).id());
        spout.ack(acts.get(2).id());
        spout.ack(acts.get(0).id());
        sink.await("committed");
        assertEquals(List.of(3L), committed().subList(0, 1));
        spout.ack(acts.get(3).id());
        assertEquals(Frames.END_STREAM, next().stream());
        sink.await("committed"); // by the instance's own thread, beside the END
        assertEquals(List.of(3L, 4L), committed());
    }

    @Test
    void aSourceGoesOnWhereWorkersBeforeHaveLeftIt() throws InterruptedException {
        byte[] token = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(17).array();
        Task task = Fakes.task(Fakes.settings(folder, "source:20 links:2,0 started", 0), sink);
        spout.start(task, new SpoutOutputCollector(log), () -> now, new Begun(false, false, token));
        assertEquals(items(18, 20), drain());
        assertEquals(true, ((Map<?, ?>) sink.all().get(0).get("start")).get("resumed"));
    }

    @Test
    void aSourceThatHadEndedSaysSoAgain() throws InterruptedException {
        Task task = Fakes.task(Fakes.settings(folder, "source:20 links:2,0 started", 0), sink);
        spout.start(task, new SpoutOutputCollector(log), () -> now, new Begun(false, true, new byte[0]));
        assertEquals(Frames.END_STREAM, next().stream());
        spout.fail(last().id());
        assertEquals(Frames.END_STREAM, next().stream());
        spout.ack(last().id());
        assertEquals(1, sink.count("finished"));
        assertEquals(0, sink.count("started"));
    }

    @Test
    void stateIsNotedBeforeAnythingGoesOut() throws InterruptedException {
        start("source:5 links:2,0 notoken");
        next();
        assertEquals(1, sink.count("holds state"));
        assertEquals(List.of(), committed());
    }

    @Test
    void stopDrainsThenEnds() throws InterruptedException {
        String name = "stopping";
        Runs.open(name, sink);
        Settings settings = Settings.read(Map.of("sferic.run", name, "sferic.python", "python3", "sferic.child",
                List.of("-I", Path.of("src/test/resources/fake_host.py").toAbsolutePath().toString()),
                "sferic.env", Map.of("FAKE_s", "source:1000000000 links:2,0"), "sferic.window", 4,
                "sferic.run.dir", folder.toString()), "s", folder);
        spout.start(Fakes.task(settings, sink), new SpoutOutputCollector(log), () -> now, Begun.FIRST);
        spout.ack(next().id());
        Runs.stop(name);
        List<String> rest = drain();
        spout.ack(last().id());
        assertEquals(items(2, rest.size() + 1), rest);
        assertTrue(rest.size() < 1_000_000);
        assertEquals(1, sink.count("finished"));
    }
}

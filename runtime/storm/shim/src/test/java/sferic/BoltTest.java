package sferic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.storm.task.OutputCollector;
import org.apache.storm.tuple.Tuple;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class BoltTest {
    private final Fakes.BoltLog log = new Fakes.BoltLog();
    private final Fakes.Sink sink = new Fakes.Sink();
    @TempDir
    Path folder;
    private BoltInstance bolt;

    private void startHanging(String how, double hang, Integer... endSenders) {
        start(Fakes.task(Fakes.settings(folder, how, hang), sink, endSenders));
    }

    private void start(Task task) {
        bolt = new BoltInstance(task, new OutputCollector(log));
        bolt.start();
    }

    private void start(String how, Integer... endSenders) {
        startHanging(how, 0, endSenders);
    }

    @AfterEach
    void stop() throws InterruptedException {
        bolt.dismiss();
        bolt.close();
    }

    @Test
    void emitsAreAnchoredThenAcked() throws InterruptedException {
        start("relay links:2,0");
        List<Tuple> tuples = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            expected.add("item " + i);
            tuples.add(Fakes.item("item " + i));
            bolt.take(tuples.get(i));
        }
        log.awaitAck(tuples.get(999));
        assertEquals(expected, log.payloads());
        List<Fakes.Act> acts = log.all().stream().filter(act -> !act.what().equals("reset")).toList();
        assertEquals(2000, acts.size());
        for (int i = 0; i < 1000; i++) {
            assertEquals("emit", acts.get(2 * i).what());
            assertEquals("l2", acts.get(2 * i).stream());
            assertEquals(List.of(tuples.get(i)), acts.get(2 * i).anchors());
            assertEquals("ack", acts.get(2 * i + 1).what());
            assertEquals(List.of(tuples.get(i)), acts.get(2 * i + 1).anchors());
        }
    }

    @Test
    void anAnswerInPartIsAnchoredAndAcksNothing() throws InterruptedException {
        start("relay links:2,0");
        Tuple tuple = Fakes.item("parts");
        bolt.take(tuple);
        log.awaitAck(tuple);
        List<Fakes.Act> acts = log.all().stream().filter(act -> !act.what().equals("reset")).toList();
        assertEquals(List.of("emit", "emit", "ack"), acts.stream().map(Fakes.Act::what).toList());
        acts.forEach(act -> assertEquals(List.of(tuple), act.anchors()));
        assertEquals(List.of("part", "parts"), log.payloads());
    }

    @Test
    void whatEveryWritesIsAnchoredToNothing() throws InterruptedException {
        start("relay links:2,0 every:1");
        assertEquals(List.of(), log.await(act -> act.what().equals("emit")).anchors());
    }

    private long emitted() {
        return log.all().stream().filter(act -> act.what().equals("emit")).count();
    }

    @Test
    void whatEveryWritesWaitsForRoom() throws InterruptedException {
        start("relay links:2,0 every:500");
        for (int sent = 16; sent < 500; sent++) {
            long room = sent;
            Fakes.until(() -> emitted() == room);
            Loose.processed("t/" + Fakes.TASK, sent - 16);
        }
        Fakes.until(() -> emitted() == 500);
    }

    @Test
    void whatAnEarlierChildWroteGivesALaterOneNoRoom() throws InterruptedException {
        start("relay links:2,0 every:20");
        Fakes.until(() -> emitted() == 16);
        for (int sequence = 0; sequence < 4; sequence++) {
            Loose.processed("t/" + Fakes.TASK, sequence);
        }
        Fakes.until(() -> emitted() == 20);
        bolt.take(Fakes.item("die once"));
        Fakes.until(() -> emitted() == 20 + 16);
        Loose.processed("t/" + Fakes.TASK, 19); // which the new child has not written
        Tuple item = Fakes.item("item");
        bolt.take(item);
        for (int i = 0; i < 2; i++) {
            log.await(act -> act.what().equals("reset") && act.anchors().contains(item));
        }
        assertEquals(20 + 16, emitted());
    }

    @Test
    void whatIsMadeOfItWaitsToo() throws InterruptedException {
        start("relay links:2,0");
        for (int i = 0; i < Loose.LIMIT; i++) {
            Tuple tick = Fakes.unanchored(5, "item " + i);
            bolt.take(tick);
            log.awaitAck(tick);
        }
        Tuple waiting = Fakes.item("item");
        bolt.take(waiting);
        Worker receiver = new Worker("t", Fakes.RECEIVER, Set.of(Fakes.TASK));
        receiver.processed(Fakes.item("accounted for"));
        receiver.processed(Fakes.end(Fakes.TASK, 1));
        receiver.processed(Fakes.unanchored(5, "of another worker"));
        for (int i = 0; i < 2; i++) { // resets come at a third of the timeout: it is still held
            log.await(act -> act.what().equals("reset") && act.anchors().contains(waiting));
        }
        assertTrue(log.all().stream().noneMatch(act -> act.what().equals("ack") && act.anchors().contains(waiting)));
        receiver.processed(Fakes.unanchored(Fakes.TASK, "item"));
        log.awaitAck(waiting);
    }

    @Test
    void timeoutsOfHeldTuplesAreReset() throws InterruptedException {
        start("relay links:2,0");
        Tuple stuck = Fakes.item("hang");
        Tuple behind = Fakes.item("behind");
        bolt.take(stuck);
        bolt.take(behind);
        log.await(act -> act.what().equals("reset") && act.anchors().contains(behind));
        log.await(act -> act.what().equals("reset") && act.anchors().contains(stuck));
    }

    @Test
    void finishesWhenAllHaveEnded() throws InterruptedException {
        start("relay links:2,0 post", 5, 6);
        Tuple first = Fakes.end(5, 1);
        Tuple again = Fakes.end(5, 1);
        Tuple other = Fakes.end(6, 1);
        Tuple item = Fakes.item("item");
        bolt.take(first);
        bolt.take(again);
        bolt.take(item);
        log.awaitAck(item);
        Tuple late = Fakes.item("late");
        bolt.take(late);
        log.awaitAck(late);
        bolt.take(other);
        log.awaitAck(other);
        assertEquals(List.of("item", "late", "post 2"), log.payloads());
        List<Fakes.Act> acts = log.all().stream().filter(act -> !act.what().equals("reset")).toList();
        List<Tuple> ends = List.of(first, again, other);
        assertEquals(ends, acts.get(4).anchors());
        assertEquals("end", acts.get(5).stream());
        assertEquals(ends, acts.get(5).anchors());
        assertEquals(List.of("ack", "ack", "ack"), acts.subList(6, 9).stream().map(Fakes.Act::what).toList());
        Tuple replay = Fakes.end(5, 1);
        bolt.take(replay);
        log.awaitAck(replay);
        // Its tree must hold until those behind have finished, too.
        acts = log.all().stream().filter(act -> !act.what().equals("reset")).toList();
        assertEquals(11, acts.size());
        assertEquals(List.of("emit", "end", List.of(replay)),
                List.of(acts.get(9).what(), acts.get(9).stream(), acts.get(9).anchors()));
        assertEquals(3, log.payloads().size());
    }

    @Test
    void aChildThatDiesInPostprocessIsAskedAgain() throws InterruptedException {
        start("relay links:2,0 post die_finishing", 5);
        Tuple end = Fakes.end(5, 1);
        bolt.take(end);
        log.awaitAck(end);
        assertEquals(List.of("post 2"), log.payloads());
        assertEquals(1, sink.count("died"));
    }

    @Test
    void startSaysWhatTheHostNeeds() throws InterruptedException {
        start("relay links:2,0 started");
        Map<?, ?> first = (Map<?, ?>) sink.await("started").get("start");
        assertEquals(Frames.PROTOCOL, first.get("protocol"));
        assertEquals(folder.resolve("plan.json").toString(), first.get("plan"));
        assertEquals(List.of("s", 2, 1, 4, 0, false, List.of()), List.of(first.get("stage"), first.get("rank"),
                first.get("attempt"), first.get("window"), first.get("group"), first.get("lost"), first.get("poison")));
        assertFalse(first.containsKey("token") || first.containsKey("key"));
        Tuple poison = Fakes.item("poison");
        bolt.take(poison);
        log.awaitAck(poison);
        Map<?, ?> second = (Map<?, ?>) sink.all().stream()
                .filter(event -> "started".equals(event.get("event"))).toList().get(1).get("start");
        Map<?, ?> third = (Map<?, ?>) sink.all().stream()
                .filter(event -> "started".equals(event.get("event"))).toList().get(2).get("start");
        assertEquals(List.of(true, List.of()), List.of(second.get("lost"), second.get("poison")));
        assertEquals(List.of(true, List.of(List.of(1, 0, 1))), List.of(third.get("lost"), third.get("poison")));
    }

    @Test
    void whatIsOfAnEarlierAttemptCountsForNothing() throws InterruptedException {
        start(Fakes.task(Fakes.settings(folder, "relay links:2,0 post", 0).at(2), sink, 5));
        for (Tuple old : List.of(Fakes.end(5, 1), Fakes.item("old", 1))) {
            bolt.take(old);
            log.awaitAck(old);
        }
        assertTrue(log.payloads().isEmpty());
    }

    @Test
    void whatIsOfALaterAttemptEndsThisOneAndWaits() throws InterruptedException {
        start("relay links:2,0 post", 5);
        Tuple item = Fakes.item("item", 2);
        Tuple end = Fakes.end(5, 2);
        bolt.take(item);
        sink.await("overtaken");
        bolt.take(end);
        sink.await("overtaken");
        for (Tuple tuple : List.of(item, end)) {
            log.await(act -> act.what().equals("reset") && act.anchors().contains(tuple));
        }
        assertTrue(log.all().stream().allMatch(act -> act.what().equals("reset")));
    }

    @Test
    void stateIsNotedOnceAndBeforeAnythingIsAcked() throws InterruptedException {
        List<Integer> acksBefore = new CopyOnWriteArrayList<>();
        sink.holds = () -> acksBefore.add(log.acks.get());
        start("relay links:2,0");
        Tuple before = Fakes.item("before");
        bolt.take(before);
        log.awaitAck(before);
        assertEquals(0, sink.count("holds state"));
        for (int i = 0; i < 2; i++) {
            Tuple state = Fakes.item("state");
            bolt.take(state);
            log.awaitAck(state);
            assertEquals(List.of(1), acksBefore);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"die once", "garbage", "oversized", "cut"})
    void aChildThatEndsBadlyIsReplaced(String fault) throws InterruptedException {
        start("relay links:2,0");
        Tuple before = Fakes.item("before");
        Tuple bad = Fakes.item(fault);
        Tuple after = Fakes.item("after");
        bolt.take(before);
        log.awaitAck(before);
        bolt.take(bad);
        bolt.take(after);
        log.awaitAck(after);
        assertEquals(List.of("before", fault, "after"), log.payloads());
        Map<String, Object> died = sink.await("died");
        assertEquals(2L, died.get("input"));
        assertEquals(1L, died.get("step"));
        assertTrue(log.all().stream().noneMatch(act -> act.what().equals("fail")));
        assertEquals(0, sink.count("lost"));
    }

    @Test
    void lostStateIsSaid() throws InterruptedException {
        start("relay links:2,0");
        Tuple state = Fakes.item("state");
        bolt.take(state);
        log.awaitAck(state);
        bolt.take(Fakes.item("die once"));
        Map<String, Object> lost = sink.await("lost");
        assertEquals("s", lost.get("stage"));
        assertEquals(2, lost.get("rank"));
    }

    @Test
    void poisonIsSetAsideAndItsNeighboursLive() throws InterruptedException {
        start("relay links:2,0");
        List<Tuple> tuples = List.of(Fakes.item("a"), Fakes.item("poison"), Fakes.item("b"));
        tuples.forEach(bolt::take);
        log.awaitAck(tuples.get(2));
        assertEquals(List.of("a", "b"), log.payloads());
        sink.await("failed");
        assertEquals(2, sink.count("died"));
    }

    @Test
    void aBatchThatKillsTooOftenIsSetAside() throws InterruptedException {
        start("relay links:2,0");
        List<Tuple> tuples = List.of(Fakes.item("a"), Fakes.item("cursed"), Fakes.item("b"));
        tuples.forEach(bolt::take);
        log.awaitAck(tuples.get(2));
        assertEquals(List.of("a", "b"), log.payloads());
        assertTrue(log.all().stream().anyMatch(act -> act.what().equals("ack")
                && act.anchors().contains(tuples.get(1))));
        Map<String, Object> failed = sink.await("failed");
        assertEquals(List.of("the PE", "the port", false, "a batch of 1", "dead-letter", 7, "general", 1),
                List.of("pe", "port", "written", "item", "policy", "attempts", "codec", "count").stream()
                        .map(failed::get).toList());
        assertEquals("its items ended their process 7 times, the last time in the PE", failed.get("error"));
        assertEquals("cursed", new String(Base64.getDecoder().decode((String) failed.get("data"))));
        assertEquals(0, sink.count("error"));
    }

    @Test
    void aHangIsWarnedOfThenKilled() throws InterruptedException {
        startHanging("relay links:2,0", 1.0);
        Tuple tuple = Fakes.item("hang");
        bolt.take(tuple);
        Map<String, Object> slow = sink.await("slow");
        assertEquals(1L, slow.get("step"));
        assertEquals(137, sink.await("died").get("exit"));
        log.awaitAck(tuple);
        assertEquals(List.of("hang"), log.payloads());
    }

    @Test
    void aFloodOfStderrIsLimitedAndCounted() throws InterruptedException {
        start("relay links:2,0");
        Tuple tuple = Fakes.item("flood");
        bolt.take(tuple);
        log.awaitAck(tuple);
        stop();
        sink.await(event -> String.valueOf(event.get("text")).contains("more lines were not shown"));
        assertTrue(sink.count("print") < 10_000);
    }

    @Test
    void aChildThatCannotStartEndsTheRun() throws InterruptedException {
        start("never");
        Map<String, Object> error = sink.await("error");
        assertEquals("failed", error.get("kind"));
        assertTrue(error.get("text").toString().contains("exited with status 3"), error.toString());
        assertEquals(Deaths.NEVER_READY, sink.count("died"));
    }

    @Test
    void anErrorOfTheChildIsForwardedAndItIsNotReplaced() throws InterruptedException {
        start("error");
        assertEquals("no such module", sink.await("error").get("text"));
        stop();
        assertEquals(0, sink.count("died"));
    }

    @Test
    void closeLeavesNoProcess() throws InterruptedException {
        start("relay links:2,0 started");
        sink.await("started");
        bolt.take(Fakes.item("stubborn"));
        Tuple last = Fakes.item("last");
        bolt.take(last);
        log.awaitAck(last);
        List<ProcessHandle> children = ProcessHandle.current().descendants().toList();
        assertFalse(children.isEmpty());
        stop();
        for (ProcessHandle child : children) {
            child.onExit().orTimeout(Fakes.LIMIT_S, TimeUnit.SECONDS).join();
            assertFalse(child.isAlive());
        }
        assertEquals(0, folder.toFile().list().length);
    }
}

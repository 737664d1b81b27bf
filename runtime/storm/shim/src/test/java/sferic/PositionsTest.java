package sferic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PositionsTest {
    private static final String FIRST = "t-9-100";
    private static final String NEXT = "t-10-200";
    private final Memory memory = new Memory();
    private final Stage stage = Stage.read("s",
            Map.of("pes", List.of(Map.of("path", "reader/one"), Map.of("path", "sink"))), Duration.ZERO);

    private Positions positions(String topology) {
        return new Positions(memory, "t", topology, false);
    }

    private String open(Positions positions, int instances, boolean anew) throws Exception {
        return text(positions.open(stage, 0, instances, memory.list("sferic"), anew));
    }

    private static String text(byte[] data) {
        return new String(data, StandardCharsets.US_ASCII);
    }

    /** As a worker of this topology: where it begins, and then it is at `reached`. */
    private String work(String topology, String reached) throws Exception {
        Positions positions = positions(topology);
        String began = open(positions, 1, false);
        positions.committed(stage, 0, reached.getBytes(StandardCharsets.US_ASCII));
        positions.write();
        return began;
    }

    @Test
    void theNextWorkerAndTheNextTopologyGoOnThere() throws Exception {
        assertEquals("", work(FIRST, "{\"reader/one\": [\"a\", 1]}"));
        assertEquals("{\"reader\\/one\":[\"a\",1]}", work(FIRST, "{\"reader/one\": [\"a\", 2]}"));
        assertEquals("{\"reader\\/one\":[\"a\",2]}", work(NEXT, "{\"reader/one\": [\"b\", 3]}"));
        assertEquals(1, memory.blobs.size());
        assertEquals("{\"reader\\/one\":[\"b\",3]}", open(positions(NEXT), 1, false));
    }

    @Test
    void oneThatIsDyingChangesNothingOfTheNext() throws Exception {
        work(FIRST, "{\"reader/one\": 1}");
        Positions dying = positions(FIRST);
        open(dying, 1, false);
        Positions next = positions(NEXT);
        assertEquals("{\"reader\\/one\":1}", open(next, 1, false));
        dying.committed(stage, 0, "{\"reader/one\": 2}".getBytes(StandardCharsets.US_ASCII));
        dying.write();
        assertEquals("{\"reader\\/one\":2}", open(positions(NEXT), 1, false));
        next.committed(stage, 0, "{\"reader/one\": 3}".getBytes(StandardCharsets.US_ASCII));
        next.write();
        dying.committed(stage, 0, "{\"reader/one\": 2.5}".getBytes(StandardCharsets.US_ASCII));
        dying.write();
        assertEquals("{\"reader\\/one\":3}", open(positions(NEXT), 1, false));
    }

    @Test
    void freshLooksAtNothingBeforeIt() throws Exception {
        work(FIRST, "{\"reader/one\": 1}");
        Positions fresh = new Positions(memory, "t", NEXT, true);
        assertEquals("", open(fresh, 1, false));
        fresh.committed(stage, 0, "{\"reader/one\": 5}".getBytes(StandardCharsets.US_ASCII));
        fresh.write();
        assertEquals("{\"reader\\/one\":5}", open(new Positions(memory, "t", NEXT, true), 1, false));
    }

    @Test
    void theSecondAttemptBeginsWhereTheFirstDid() throws Exception {
        work(FIRST, "{\"reader/one\": 1}");
        work(NEXT, "{\"reader/one\": 2}");
        Positions again = positions(NEXT);
        assertEquals("{\"reader\\/one\":1}", open(again, 1, true));
        again.committed(stage, 0, "{\"reader/one\": 3}".getBytes(StandardCharsets.US_ASCII));
        again.write();
        assertEquals("{\"reader\\/one\":1}", open(positions(NEXT), 1, true));
        assertEquals("{\"reader\\/one\":3}", open(positions(NEXT), 1, false));
    }

    @Test
    void nothingNewIsNotWrittenAgain() throws Exception {
        Positions positions = positions(FIRST);
        open(positions, 1, false);
        positions.write();
        assertTrue(memory.blobs.isEmpty());
        positions.committed(stage, 0, "{\"reader/one\": null}".getBytes(StandardCharsets.US_ASCII));
        positions.write();
        assertTrue(memory.blobs.isEmpty(), "it has given nothing yet");
        positions.committed(stage, 0, "{\"reader/one\": 1}".getBytes(StandardCharsets.US_ASCII));
        positions.write();
        memory.blobs.clear();
        positions.committed(stage, 0, "{\"reader/one\": 1}".getBytes(StandardCharsets.US_ASCII));
        positions.write();
        assertTrue(memory.blobs.isEmpty());
    }

    @Test
    void anotherNumberOfInstancesIsRefused() throws Exception {
        work(FIRST, "{\"reader/one\": 1}");
        String said = assertThrows(Positions.Unfit.class, () -> open(positions(NEXT), 3, false)).getMessage();
        assertTrue(said.startsWith("reader/one has 3 instances, and its positions are of 1"), said);
        assertTrue(said.endsWith("--fresh"), said);
    }

    @Test
    void afterTheEndNothingIsKept() throws Exception {
        work(FIRST, "{\"reader/one\": 1}");
        Positions next = positions(NEXT);
        open(next, 1, false);
        memory.put("sferic-positions.t.t-11-300.0.other", new byte[0]);
        memory.put("sferic-positions.t-2.t-2-1-100.0.other", new byte[0]);
        next.drop();
        assertEquals("[sferic-positions.t-2.t-2-1-100.0.other, sferic-positions.t.t-11-300.0.other]",
                memory.blobs.keySet().toString());
    }

    @Test
    void namesThatAreNoTextComeBack() throws Exception {
        String odd = "{\"reader/one\":[\"\\udcff\\u00e9\\ud83d\\ude00\",9007199254740993]}";
        work(FIRST, odd);
        assertEquals(odd.replace("/", "\\/"), open(positions(NEXT), 1, false));
    }

    @Test
    void keysAreSafeAndPathsDoNotMeet() {
        String one = Positions.safe("a/b é.*");
        assertTrue(one.matches("[A-Za-z0-9_-]+"), one);
        assertFalse(one.equals(Positions.safe("a_b é.*")));
        assertTrue(Positions.safe("x".repeat(10_000)).length() < 60);
    }

    private Past past(int sources) {
        return new Past(memory, "sferic.t-1-1.", sources, positions("t-1-1"));
    }

    @Test
    void stateCountsFromWhenItIsHeldAndInItsOwnAttempt() throws Exception {
        Past first = past(1);
        assertFalse(first.any());
        assertFalse(first.heldState("s", 0));
        memory.create("sferic.t-1-1.orders", new byte[0]);
        assertTrue(past(1).any());
        assertFalse(past(1).heldState("s", 0), "it did nothing yet");
        first.holdsState("s", 0);
        assertFalse(first.heldState("s", 0), "its own is not of one before it");
        assertTrue(past(1).heldState("s", 0));
        assertFalse(past(1).heldState("s", 1));
        assertEquals(1, past(1).attempt());
        memory.create("sferic.t-1-1.again", new byte[0]);
        assertEquals(2, past(1).attempt());
        assertFalse(past(1).heldState("s", 0));
    }

    @Test
    void itIsOverWhenAllSourcesOfTheAttemptHaveEnded() throws Exception {
        Past first = past(2);
        assertFalse(first.end("s", 0));
        Past second = past(2);
        assertTrue(second.ended("s", 0));
        assertFalse(second.ended("s", 1));
        assertFalse(second.over());
        assertTrue(second.end("s", 1));
        assertTrue(past(2).over());
        memory.create("sferic.t-1-1.again", new byte[0]);
        assertFalse(past(2).over());
        assertFalse(past(2).ended("s", 0));
    }
}

package sferic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CountsTest {
    private static Map<String, Object> counts(int in) {
        return Map.of("event", "counts", "rank", 0, "pes", Map.of("P", Map.of("in", in)));
    }

    @Test
    void countsAreSums() throws FrameException {
        Counts counts = new Counts();
        counts.take(counts(3));
        counts.take(counts(4));
        counts.take(Map.of("event", "died", "pe", "P"));
        counts.take(Map.of("event", "lost", "stage", "S"));
        counts.take(Map.of("event", "print", "pe", "Q", "text", "counts"));
        Map<String, Object> told = Json.object(counts.news());
        assertEquals(Map.of("in", 7, "restarts", 1), told.get("P"));
        assertEquals(Map.of("lost", 1), told.get("S"));
        assertEquals(2, told.size());
        assertNull(counts.news());
        counts.take(counts(1));
        assertTrue(new String(counts.news(), StandardCharsets.UTF_8).contains("8"));
    }

    @Test
    void theLastOfEachInstanceIsKept() throws FrameException {
        Counts counts = new Counts();
        for (int memory = 1; memory <= 3; memory++) {
            counts.take(Map.of("event", "usage", "stage", "S", "rank", memory % 2, "pe", "P", "memory_bytes", memory));
        }
        counts.take(counts(1));
        Map<?, ?> row = (Map<?, ?>) Json.object(counts.news()).get("P");
        Map<?, ?> instances = (Map<?, ?>) row.get("instances");
        assertEquals(1, row.get("in"));
        assertEquals(3, ((Map<?, ?>) instances.get("1")).get("memory_bytes"));
        assertEquals(2, ((Map<?, ?>) instances.get("0")).get("memory_bytes"));
        assertEquals(Set.of("memory_bytes", "at"), ((Map<?, ?>) instances.get("0")).keySet());
    }
}

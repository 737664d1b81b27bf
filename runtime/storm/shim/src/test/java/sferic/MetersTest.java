package sferic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.codahale.metrics.Counter;
import com.codahale.metrics.Gauge;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Of Meters, and of the Latency that is shown by them. */
class MetersTest {
    private final Map<String, Counter> counters = new HashMap<>();
    private final Map<String, Gauge<Number>> gauges = new HashMap<>();

    private Meters meters(String... paths) {
        List<Pe> pes = List.of(paths).stream().map(path -> new Pe(path, Duration.ZERO, "stop", false, true)).toList();
        return new Meters(new Stage(pes, Map.of(), Map.of()), 3, new Meters.Registry() {
            @Override
            public Counter counter(String name) {
                assertTrue(counters.put(name, new Counter()) == null, name);
                return counters.get(name);
            }

            @Override
            public void gauge(String name, Gauge<Number> gauge) {
                assertTrue(gauges.put(name, gauge) == null, name);
            }
        });
    }

    @Test
    void eventsAreCountedByPe() {
        Meters meters = meters("one", "a b/c.d%2F");
        for (int times = 0; times < 2; times++) {
            meters.take(Map.of("event", "counts", "rank", 3, "pes", Map.of(
                    "one", Map.of("in", 5, "out", 4, "failed", 1, "retried", 0), "a b/c.d%2F", Map.of("in", 4, "new", 1))));
        }
        meters.take(Map.of("event", "died", "pe", "a b/c.d%2F"));
        meters.take(Map.of("event", "lost", "stage", "one", "rank", 3));
        meters.take(Map.of("event", "failed", "pe", "one"));
        Map<String, Long> counted = new HashMap<>();
        counters.forEach((name, counter) -> counted.put(name, counter.getCount()));
        counted.values().removeIf(count -> count == 0);
        assertEquals(Map.of("sferic.one.3.in", 10L, "sferic.one.3.out", 8L, "sferic.one.3.failed", 2L,
                "sferic.one.3.lost", 1L, "sferic.a_b.c_d%2F.3.in", 8L, "sferic.a_b.c_d%2F.3.restarts", 1L), counted);
        assertEquals(11, counters.size());
    }

    @Test
    void theProcessIsShownAtItsFirstPe() {
        Meters meters = meters("one", "two");
        assertEquals(5, gauges.size());
        assertEquals(0, gauges.get("sferic.one.3.memory_bytes").getValue());
        meters.take(Map.of("event", "usage", "memory_bytes", 1L << 40, "latency_ms", 1.5));
        assertEquals(1L << 40, gauges.get("sferic.one.3.memory_bytes").getValue());
        assertEquals(1.5, gauges.get("sferic.one.3.latency_ms").getValue());
    }

    @Test
    void pesWhoseNamesLookAlikeAreToldApart() {
        meters("a.b", "a_b", "a:b");
        assertEquals(16, counters.size());
    }

    @Test
    void aLotsMeanAndItsLongest() {
        Latency latency = new Latency();
        assertEquals(0, latency.take().count());
        for (int i = 1; i <= 1000; i++) {
            latency.took(i * 1_000_000L);
        }
        Latency.Lot lot = latency.take();
        assertEquals(1000, lot.count());
        assertEquals(0.5005, lot.mean(), 1e-9);
        assertTrue(0.990 <= lot.p99() && lot.p99() <= 0.990 * 9 / 8, "" + lot.p99());
        assertEquals(0, latency.take().count());
        latency.took(0);
        latency.took(-5);
        latency.took(Long.MAX_VALUE);
        assertTrue(latency.take().p99() >= Long.MAX_VALUE / 1e9);
    }
}

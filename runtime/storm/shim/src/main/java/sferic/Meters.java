package sferic;

import com.codahale.metrics.Counter;
import com.codahale.metrics.Gauge;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.storm.task.TopologyContext;

/**
 * An instance's numbers among Storm's metrics, where reporters find them: `sferic.PE.RANK.WHAT`. They follow from its
 * events: nothing is done here for an item. Safe from any thread.
 */
final class Meters {
    private static final List<String> COUNTED = List.of("in", "out", "failed", "retried", "restarts");
    private static final List<String> SHOWN =
            List.of("queued_bytes", "latency_ms", "latency_p99_ms", "memory_bytes", "cpu_seconds");

    /** Where metrics become known. */
    interface Registry {
        Counter counter(String name);

        void gauge(String name, Gauge<Number> gauge);

        static Registry of(TopologyContext context) {
            return new Registry() {
                @Override
                public Counter counter(String name) {
                    return context.registerCounter(name);
                }

                @Override
                public void gauge(String name, Gauge<Number> gauge) {
                    context.registerGauge(name, gauge);
                }
            };
        }
    }

    /** Of a component without PEs. */
    static final Meters NONE = new Meters();

    private final Map<String, Map<String, Counter>> counters = new HashMap<>(); // by path, not changed any more
    private final Counter lost;
    // The last event of this kind; written by the instance's timer, read by reporters.
    private volatile Map<String, Object> usage = Map.of();

    private Meters() {
        lost = new Counter();
    }

    Meters(Stage stage, int rank, Registry registry) {
        Set<String> used = new HashSet<>();
        String first = null;
        for (Pe pe : stage.pes()) {
            String name = name(pe.path());
            while (!used.add(name)) {
                name += "_";
            }
            String prefix = "sferic." + name + "." + rank + ".";
            first = first == null ? prefix : first;
            Map<String, Counter> own = new HashMap<>();
            COUNTED.forEach(what -> own.put(what, registry.counter(prefix + what)));
            counters.put(pe.path(), own);
        }
        String process = first;
        lost = registry.counter(process + "lost");
        SHOWN.forEach(what -> registry.gauge(process + what, () -> usage.get(what) instanceof Number value ? value : 0));
    }

    /** A PE's path as reporters, which make names of files and of trees from it, take it: composites are levels. */
    static String name(String path) {
        return path.replaceAll("[^\\p{L}\\p{N}/%_-]", "_").replace('/', '.');
    }

    void take(Map<String, Object> event) {
        switch (String.valueOf(event.get("event"))) {
            case "counts" -> ((Map<?, ?>) event.get("pes")).forEach((pe, counts) -> ((Map<?, ?>) counts)
                    .forEach((what, count) -> add(pe, what, ((Number) count).longValue())));
            case "died" -> add(event.get("pe"), "restarts", 1);
            case "lost" -> lost.inc();
            case "usage" -> usage = event;
            default -> { }
        }
    }

    private void add(Object pe, Object what, long count) {
        Counter counter = counters.getOrDefault(pe, Map.of()).get(what);
        if (counter != null) {
            counter.inc(count);
        }
    }
}

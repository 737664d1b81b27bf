package sferic;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the processes of an instance take. Owned by the instance's timer. */
final class Usage {
    static final long PERIOD_MS = 5000;

    private Child child;
    private Duration before = Duration.ZERO; // of the children that are gone, as far as it was seen
    private Duration own = Duration.ZERO;

    /** Keys of the event `usage`. `now`: the child there is, or null; `load`: null of an instance that gets no inputs. */
    Map<String, Object> look(Child now, Load load) {
        if (now != child) {
            before = before.plus(own);
            own = Duration.ZERO;
            child = now;
        }
        long memory = 0;
        if (now != null) {
            Family family = now.family();
            family.look();
            own = family.cpu();
            memory = family.memory();
        }
        Map<String, Object> said = new LinkedHashMap<>();
        said.put("cpu_seconds", before.plus(own).toMillis() / 1000.0);
        if (memory >= 0) {
            said.put("memory_bytes", memory);
        }
        if (load != null) {
            said.put("queued_bytes", load.queuedBytes());
            Latency.Lot lot = load.batches();
            said.put("batches", lot.count());
            if (lot.count() > 0) {
                said.put("latency_ms", milliseconds(lot.mean()));
                said.put("latency_p99_ms", milliseconds(lot.p99()));
            }
        }
        return said;
    }

    private static double milliseconds(double seconds) {
        return Math.round(seconds * 1e6) / 1e3;
    }
}

package sferic;

import java.util.LinkedHashMap;
import java.util.Map;

/** What the PEs of a worker have done, by path: sums of their events. Safe from any thread. */
final class Counts {
    // Guarded by this.
    private final Map<String, Map<String, Long>> pes = new LinkedHashMap<>();
    private boolean changed;

    /** Takes what counts of an event, and leaves the others. */
    synchronized void take(Map<String, Object> event) {
        switch (String.valueOf(event.get("event"))) {
            case "counts" -> ((Map<?, ?>) event.get("pes")).forEach((pe, counts) -> ((Map<?, ?>) counts)
                    .forEach((name, count) -> add(String.valueOf(pe), name.toString(), ((Number) count).longValue())));
            case "ready" -> add(String.valueOf(event.get("pe")), "ready", 1);
            case "died" -> add(String.valueOf(event.get("pe")), "restarts", 1);
            case "lost" -> add(String.valueOf(event.get("stage")), "lost", 1);
            default -> { }
        }
    }

    private void add(String pe, String name, long count) {
        pes.computeIfAbsent(pe, key -> new LinkedHashMap<>()).merge(name, count, Long::sum);
        changed = true;
    }

    /** All of it as JSON; null where nothing is new since the last call. */
    synchronized byte[] news() {
        if (!changed) {
            return null;
        }
        changed = false;
        return Json.bytes(pes);
    }
}

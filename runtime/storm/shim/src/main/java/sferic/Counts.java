package sferic;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * What the PEs of a worker have done, by path: sums of their events, and the last that was said of the processes of
 * each instance. What is of a process and not of a PE stands at the first PE of its stage. Safe from any thread.
 */
final class Counts {
    // Guarded by this: numbers by their names, and under "instances" what is of each, by rank.
    private final Map<String, Map<String, Object>> pes = new LinkedHashMap<>();
    private boolean changed;

    /** Takes what counts of an event, and leaves the others. */
    synchronized void take(Map<String, Object> event) {
        switch (String.valueOf(event.get("event"))) {
            case "counts" -> ((Map<?, ?>) event.get("pes")).forEach((pe, counts) -> ((Map<?, ?>) counts)
                    .forEach((name, count) -> add(String.valueOf(pe), name.toString(), ((Number) count).longValue())));
            case "ready" -> add(String.valueOf(event.get("pe")), "ready", 1);
            case "died" -> add(String.valueOf(event.get("pe")), "restarts", 1);
            case "lost" -> add(String.valueOf(event.getOrDefault("pe", event.get("stage"))), "lost", 1);
            case "usage" -> instance(event);
            default -> { }
        }
    }

    private Map<String, Object> row(String pe) {
        changed = true;
        return pes.computeIfAbsent(pe, key -> new LinkedHashMap<>());
    }

    private void add(String pe, String name, long count) {
        row(pe).merge(name, count, (one, other) -> (Long) one + (Long) other);
    }

    private void instance(Map<String, Object> event) {
        Map<String, Object> said = new LinkedHashMap<>(event);
        said.keySet().removeAll(Set.of("stage", "rank", "pe", "event"));
        said.put("at", System.currentTimeMillis());
        Map<String, Object> row = row(String.valueOf(event.get("pe")));
        Map<String, Object> all = new LinkedHashMap<>();
        if (row.get("instances") instanceof Map<?, ?> before) {
            before.forEach((rank, numbers) -> all.put(String.valueOf(rank), numbers));
        }
        all.put(String.valueOf(event.get("rank")), said);
        row.put("instances", all);
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

package sferic;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the plan says of a stage, as far as its supervisor needs it. Immutable. */
record Stage(List<Pe> pes, Map<Integer, Port> inputs, Map<Integer, Port> outputs) {
    static final Duration START = Duration.ofSeconds(60);

    /** A port of a PE, by the PE's path. */
    record Port(String pe, String name) {}

    /**
     * `given`: `pes`, and the ports of `inputs` and `outputs` by link as [PE, port]. `hang` is for PEs that say nothing
     * themselves.
     */
    static Stage read(String name, Map<?, ?> given, Duration hang) {
        List<Pe> pes = new ArrayList<>();
        if (given.get("pes") instanceof List<?> list) {
            for (Object entry : list) {
                Map<?, ?> pe = (Map<?, ?>) entry;
                boolean says = pe.get("hang") instanceof Number;
                boolean patient = !says && Boolean.TRUE.equals(pe.get("source"));
                Duration own = says ? Settings.seconds(((Number) pe.get("hang")).doubleValue()) : hang;
                pes.add(new Pe(String.valueOf(pe.get("path")), patient ? Duration.ZERO : own,
                        String.valueOf(pe.get("policy")), patient,
                        Boolean.TRUE.equals(pe.get("stateless"))));
            }
        }
        if (pes.isEmpty()) {
            pes.add(new Pe(name, hang, "stop", false, true));
        }
        return new Stage(List.copyOf(pes), ports(given.get("inputs")), ports(given.get("outputs")));
    }

    private static Map<Integer, Port> ports(Object given) {
        Map<Integer, Port> ports = new HashMap<>();
        if (given instanceof Map<?, ?> map) {
            map.forEach((link, port) -> {
                List<?> pair = (List<?>) port;
                ports.put(Integer.valueOf(String.valueOf(link)),
                        new Port(String.valueOf(pair.get(0)), String.valueOf(pair.get(1))));
            });
        }
        return Map.copyOf(ports);
    }

    /** Is nothing lost with a process of it? */
    boolean stateless() {
        return pes.stream().allMatch(Pe::stateless);
    }

    /** The PE a child says it is at. */
    Pe pe(long index) {
        return pes.get((int) Math.max(0, Math.min(index, pes.size() - 1L)));
    }

    /** Where a link of this stage begins or ends. */
    Port port(int link, boolean output) {
        return (output ? outputs : inputs).getOrDefault(link, new Port(pes.get(0).path(), ""));
    }

    /** How long a child may stand still until preprocess; zero for ever. Imports are no PE's alone, and take a while. */
    Duration start() {
        Duration longest = pes.stream().map(Pe::hang).max(Duration::compareTo).orElse(Duration.ZERO);
        return longest.isZero() || longest.compareTo(START) > 0 ? longest : START;
    }
}

package sferic;

import java.util.Map;

/**
 * Which settings a jar may bring along: none that makes Storm run something. sferic/compiler/targets/storm/harmless.py
 * says the same to the compiler.
 */
final class Harmless {
    private static final String PARK = "org.apache.storm.policy.WaitStrategyPark";
    private static final Map<String, Object> KNOWN = Map.of(
            "topology.bolt.wait.strategy", PARK,
            "topology.spout.wait.strategy", PARK,
            "topology.fall.back.on.java.serialization", false,
            "topology.skip.missing.kryo.registrations", false);

    private Harmless() {}

    /** The first that may not be there; null where all may. */
    static String refused(Map<String, Object> config) {
        return config.entrySet().stream()
                .filter(one -> !allowed(one.getKey(), one.getValue()))
                .map(Map.Entry::getKey)
                .sorted()
                .findFirst()
                .orElse(null);
    }

    /** A number runs nothing; options of JVMs, paths, variables and names of classes are text. */
    private static boolean allowed(String key, Object value) {
        return key.startsWith("sferic.") || key.startsWith("topology.") && value instanceof Number
                || KNOWN.containsKey(key) && KNOWN.get(key).equals(value);
    }
}

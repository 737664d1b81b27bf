package sferic;

import java.security.SecureRandom;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

/**
 * The key of the trusted codec. It comes as one of the topology's credentials, which Storm hands to each component
 * before it prepares it: a topology's configuration is in every worker's log, and for everybody who reaches Nimbus.
 */
final class Secrets {
    static final String KEY = "sferic.key";
    private static final int BYTES = 32;

    private Secrets() {}

    /** The configuration as components of ours read it, with the key, if there is one. */
    static Map<String, Object> in(Map<String, Object> config, Map<String, String> credentials) {
        if (credentials == null || credentials.get(KEY) == null) {
            return config;
        }
        Map<String, Object> whole = new HashMap<>(config);
        whole.put(KEY, credentials.get(KEY));
        return whole;
    }

    /** What a topology is submitted with. */
    static Map<String, String> made(Map<String, Object> config) {
        if (!Boolean.TRUE.equals(config.get("sferic.trusted"))) {
            return Map.of();
        }
        byte[] key = new byte[BYTES];
        new SecureRandom().nextBytes(key);
        return Map.of(KEY, Base64.getEncoder().encodeToString(key));
    }
}

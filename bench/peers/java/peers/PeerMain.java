package peers;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.storm.shade.net.minidev.json.JSONObject;
import org.apache.storm.shade.net.minidev.json.JSONValue;
import sferic.LocalStorm;

/**
 * Runs one peer's topology on the same local Storm as ours, until stdin ends.
 * Argument: a JSON file with `kind`, `folder` (of notes, of Storm's files), `config` and what the kind needs.
 */
public final class PeerMain {
    private PeerMain() {
    }

    /** See the class. */
    public static void main(String[] arguments) throws Exception {
        JSONObject given = (JSONObject) JSONValue.parse(Files.readString(Path.of(arguments[0])));
        Path folder = Path.of((String) given.get("folder"));
        Map<String, Object> config = new HashMap<>();
        if (given.get("config") instanceof JSONObject settings) {
            config.putAll(settings);
        }
        LocalStorm.start(folder.resolve("storm")).submit("peer", config, Topologies.of(given));
        while (System.in.read() >= 0) {
            continue;
        }
        Count.writeAll(folder);
        Runtime.getRuntime().halt(0); // without Storm's slow goodbye
    }
}

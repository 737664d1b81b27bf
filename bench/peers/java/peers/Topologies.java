package peers;

import java.util.List;
import org.apache.storm.generated.StormTopology;
import org.apache.storm.shade.net.minidev.json.JSONArray;
import org.apache.storm.shade.net.minidev.json.JSONObject;
import org.apache.storm.topology.IRichBolt;
import org.apache.storm.topology.TopologyBuilder;
import org.apache.storm.tuple.Fields;

/** What the peers run: the word count in Java or through streamparse, and the chain of the latency row. */
final class Topologies {
    private Topologies() {
    }

    static StormTopology of(JSONObject given) {
        String folder = (String) given.get("folder");
        return switch ((String) given.get("kind")) {
            case "java" -> words(given, false, new Split(), new Count());
            case "shell" -> words(given, given.containsKey("spout"), shell(given, "split", "word"), shell(given, "count"));
            case "chain" -> chain(folder, (Number) given.get("seconds"), (Number) given.get("rate"));
            default -> throw new IllegalArgumentException("kind " + given.get("kind"));
        };
    }

    private static StormTopology words(JSONObject given, boolean ownSpout, IRichBolt split, IRichBolt count) {
        TopologyBuilder builder = new TopologyBuilder();
        if (ownSpout) {
            builder.setSpout("sentences", new Shell.Spout(command(given, "spout"), "sentence"));
        } else {
            int repeats = ((Number) given.get("repeats")).intValue();
            builder.setSpout("sentences", new Sentences((String) given.get("folder"), repeats));
        }
        builder.setBolt("split", split).shuffleGrouping("sentences");
        builder.setBolt("count", count, 2).fieldsGrouping("split", new Fields("word"));
        return builder.createTopology();
    }

    private static StormTopology chain(String folder, Number seconds, Number rate) {
        TopologyBuilder builder = new TopologyBuilder();
        builder.setSpout("source", new Stamps(seconds.intValue() * rate.intValue(), rate.intValue()));
        builder.setBolt("first", new Pass()).shuffleGrouping("source");
        builder.setBolt("second", new Pass()).shuffleGrouping("first");
        builder.setBolt("sink", new Delays(folder)).shuffleGrouping("second");
        return builder.createTopology();
    }

    private static Shell.Bolt shell(JSONObject given, String name, String... fields) {
        return new Shell.Bolt(command(given, name), fields);
    }

    private static String[] command(JSONObject given, String name) {
        List<?> parts = (JSONArray) given.get(name);
        return parts.toArray(String[]::new);
    }
}

package peers;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.storm.shade.net.minidev.json.JSONValue;
import org.apache.storm.task.OutputCollector;
import org.apache.storm.task.TopologyContext;
import org.apache.storm.topology.OutputFieldsDeclarer;
import org.apache.storm.topology.base.BaseRichBolt;
import org.apache.storm.tuple.Tuple;

/** How often each word came. */
final class Count extends BaseRichBolt {
    private static final long serialVersionUID = 1L;
    private static final List<Map<String, Long>> ALL = new CopyOnWriteArrayList<>();

    private transient OutputCollector collector;
    // The executor's thread alone writes; read when all is acked.
    private transient Map<String, Long> counts;

    /** The counts of each instance in this JVM, to counts-0, counts-1 … */
    static void writeAll(Path folder) {
        for (int index = 0; index < ALL.size(); index++) {
            Notes.text(folder, "counts-" + index, JSONValue.toJSONString(ALL.get(index)));
        }
    }

    @Override
    public void prepare(Map<String, Object> config, TopologyContext context, OutputCollector out) {
        collector = out;
        counts = new HashMap<>();
        ALL.add(counts);
    }

    @Override
    public void execute(Tuple tuple) {
        counts.merge(tuple.getString(0), 1L, Long::sum);
        collector.ack(tuple);
    }

    @Override
    public void declareOutputFields(OutputFieldsDeclarer declarer) {
        // It is the last.
    }
}

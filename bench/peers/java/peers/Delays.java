package peers;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.storm.task.OutputCollector;
import org.apache.storm.task.TopologyContext;
import org.apache.storm.topology.OutputFieldsDeclarer;
import org.apache.storm.topology.base.BaseRichBolt;
import org.apache.storm.tuple.Tuple;

/** How long items were on the way, in ns, in order; written as a JSON list when the last has come. */
final class Delays extends BaseRichBolt {
    private static final long serialVersionUID = 1L;

    private final String folder;
    // The executor's thread alone touches these.
    private transient OutputCollector collector;
    private transient List<Long> delays;

    Delays(String folder) {
        this.folder = folder;
    }

    @Override
    public void prepare(Map<String, Object> config, TopologyContext context, OutputCollector out) {
        collector = out;
        delays = new ArrayList<>();
    }

    @Override
    public void execute(Tuple tuple) {
        long made = tuple.getLong(0);
        if (made == 0) {
            Notes.text(Path.of(folder), "delays", delays.toString());
        } else {
            delays.add(Notes.now() - made);
        }
        collector.ack(tuple);
    }

    @Override
    public void declareOutputFields(OutputFieldsDeclarer declarer) {
        // It is the last.
    }
}

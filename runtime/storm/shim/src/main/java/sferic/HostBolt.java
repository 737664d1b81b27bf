package sferic;

import java.util.Map;
import org.apache.storm.ICredentialsListener;
import org.apache.storm.task.OutputCollector;
import org.apache.storm.task.TopologyContext;
import org.apache.storm.topology.IRichBolt;
import org.apache.storm.topology.OutputFieldsDeclarer;
import org.apache.storm.tuple.Tuple;

/** A stage with inputs. Its streams are declared by whoever builds the topology. */
public final class HostBolt implements IRichBolt, ICredentialsListener {
    private static final long serialVersionUID = 1L;

    private final String stage;
    private transient Map<String, String> credentials;
    private transient BoltInstance instance;

    public HostBolt(String stage) {
        this.stage = stage;
    }

    /** Before it is prepared; renewed credentials are of no use to those that run. */
    @Override
    public void setCredentials(Map<String, String> given) {
        credentials = given;
    }

    @Override
    public void prepare(Map<String, Object> config, TopologyContext context, OutputCollector collector) {
        Task task = Task.of(stage, Secrets.in(config, credentials), context, collector);
        task.events().follows(task);
        instance = new BoltInstance(task, collector);
        instance.start();
    }

    @Override
    public void execute(Tuple tuple) {
        instance.take(tuple);
    }

    @Override
    public void cleanup() {
        Closing.close(instance);
    }

    @Override
    public void declareOutputFields(OutputFieldsDeclarer declarer) {}

    @Override
    public Map<String, Object> getComponentConfiguration() {
        return Map.of();
    }
}

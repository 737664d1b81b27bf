package sferic;

import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import org.apache.storm.task.OutputCollector;
import org.apache.storm.task.TopologyContext;
import org.apache.storm.topology.IRichBolt;
import org.apache.storm.topology.OutputFieldsDeclarer;
import org.apache.storm.tuple.Tuple;

/** Takes batches of results to whoever waits for them; acks a batch when it is kept. */
public final class ResultsBolt implements IRichBolt {
    private static final long serialVersionUID = 1L;

    private transient Events events;
    private transient HeldTuples held;
    private transient Mailbox mailbox;
    private transient ScheduledExecutorService timer;

    @Override
    public void prepare(Map<String, Object> config, TopologyContext context, OutputCollector collector) {
        Task task = Task.of(context.getThisComponentId(), config, context);
        events = task.events();
        held = new HeldTuples(collector, task.worker());
        timer = Timers.create(task.name() + "-timer");
        held.keepAlive(timer, task.settings().messageTimeout());
        mailbox = new Mailbox(task.name(), () -> { }, error -> events.event(Map.of("event", "error", "kind", "failed",
                "stage", task.stage(), "rank", task.rank(), "text", "results cannot be written: " + error)));
        mailbox.start();
    }

    @Override
    public void execute(Tuple tuple) {
        held.add(tuple);
        mailbox.post(() -> keep(tuple));
    }

    private void keep(Tuple tuple) throws java.io.IOException {
        if (!tuple.getSourceStreamId().equals(Frames.END_STREAM)) {
            events.result(tuple.getBinaryByField("batch"));
        }
        held.ack(tuple);
    }

    @Override
    public void cleanup() {
        timer.shutdownNow();
        mailbox.close();
    }

    @Override
    public void declareOutputFields(OutputFieldsDeclarer declarer) {}

    @Override
    public Map<String, Object> getComponentConfiguration() {
        return Map.of();
    }
}

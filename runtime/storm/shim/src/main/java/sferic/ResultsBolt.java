package sferic;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import org.apache.storm.ICredentialsListener;
import org.apache.storm.task.OutputCollector;
import org.apache.storm.task.TopologyContext;
import org.apache.storm.topology.IRichBolt;
import org.apache.storm.topology.OutputFieldsDeclarer;
import org.apache.storm.tuple.Tuple;

/** Takes batches of results to whoever waits for them; acks a batch when it is kept. */
public final class ResultsBolt implements IRichBolt, ICredentialsListener {
    private static final long serialVersionUID = 1L;

    private transient Map<String, String> credentials;
    private transient Events events;
    private transient int attempt;
    private transient HeldTuples held;
    private transient Mailbox mailbox;
    // Owned by the mailbox: what came since the last was kept.
    private transient List<Tuple> waiting;
    private transient ScheduledExecutorService timer;

    /** Before it is prepared; renewed credentials are of no use to those that run. */
    @Override
    public void setCredentials(Map<String, String> given) {
        credentials = given;
    }

    @Override
    public void prepare(Map<String, Object> config, TopologyContext context, OutputCollector collector) {
        Task task = Task.of(context.getThisComponentId(), Secrets.in(config, credentials), context, collector);
        events = task.events();
        attempt = task.settings().attempt();
        waiting = new ArrayList<>();
        held = new HeldTuples(collector, task.worker());
        timer = Timers.create(task.name() + "-timer");
        held.keepAlive(timer, task.settings().messageTimeout());
        mailbox = new Mailbox(task.name(), this::keep, error -> events.event(Map.of("event", "error", "kind", "failed",
                "stage", task.stage(), "rank", task.rank(), "text", "results cannot be written: " + error)));
        mailbox.start();
    }

    @Override
    public void execute(Tuple tuple) {
        held.add(tuple);
        mailbox.post(() -> queue(tuple));
    }

    private void queue(Tuple tuple) {
        int later = BatchHeader.later(tuple.getBinaryByField("batch"), attempt);
        if (later > 0) {
            events.overtaken(); // it waits for who comes after this one
        } else if (later < 0) {
            held.ack(tuple);
        } else {
            waiting.add(tuple);
        }
    }

    private void keep() throws IOException, InterruptedException {
        List<byte[]> batches = waiting.stream().filter(tuple -> !tuple.getSourceStreamId().equals(Frames.END_STREAM))
                .map(tuple -> tuple.getBinaryByField("batch")).toList();
        if (!batches.isEmpty()) {
            events.results(batches);
        }
        waiting.forEach(held::ack);
        waiting.clear();
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

package peers;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.storm.spout.SpoutOutputCollector;
import org.apache.storm.task.TopologyContext;
import org.apache.storm.topology.OutputFieldsDeclarer;
import org.apache.storm.topology.base.BaseRichSpout;
import org.apache.storm.tuple.Fields;
import org.apache.storm.tuple.Values;

/** Items at a fixed rate, each with the time it was made; the last is 0. */
final class Stamps extends BaseRichSpout {
    private static final long serialVersionUID = 1L;

    private final int count;
    private final long pause;
    // The executor's thread alone touches these.
    private transient SpoutOutputCollector collector;
    private int sent;
    private long due;

    Stamps(int count, int rate) {
        this.count = count;
        this.pause = TimeUnit.SECONDS.toNanos(1) / rate;
    }

    @Override
    public void open(Map<String, Object> config, TopologyContext context, SpoutOutputCollector out) {
        collector = out;
        due = System.nanoTime();
    }

    @Override
    public void nextTuple() {
        if (sent > count) {
            return;
        }
        long wait = due - System.nanoTime();
        if (wait > 0) {
            try {
                TimeUnit.NANOSECONDS.sleep(wait);
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
                return;
            }
        }
        due += pause;
        collector.emit(new Values(sent == count ? 0L : Notes.now()), sent);
        sent++;
    }

    @Override
    public void declareOutputFields(OutputFieldsDeclarer declarer) {
        declarer.declare(new Fields("made"));
    }
}

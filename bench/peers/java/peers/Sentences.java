package peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.storm.spout.SpoutOutputCollector;
import org.apache.storm.task.TopologyContext;
import org.apache.storm.topology.OutputFieldsDeclarer;
import org.apache.storm.topology.base.BaseRichSpout;
import org.apache.storm.tuple.Fields;
import org.apache.storm.tuple.Values;

/** The lines of `text`, again and again, one a tuple; notes the times of the first and of the last ack. */
final class Sentences extends BaseRichSpout {
    private static final long serialVersionUID = 1L;

    private final String folder;
    private final int repeats;
    // The executor's thread alone touches these.
    private transient List<String> lines;
    private transient SpoutOutputCollector collector;
    private int sent;
    private int acked;

    Sentences(String folder, int repeats) {
        this.folder = folder;
        this.repeats = repeats;
    }

    @Override
    public void open(Map<String, Object> config, TopologyContext context, SpoutOutputCollector out) {
        collector = out;
        try {
            lines = Files.readAllLines(Path.of(folder, "text"));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    @Override
    public void nextTuple() {
        if (sent == 0) {
            Notes.time(Path.of(folder), "first");
        }
        if (sent < lines.size() * repeats) {
            collector.emit(new Values(lines.get(sent % lines.size())), sent);
            sent++;
        }
    }

    @Override
    public void ack(Object id) {
        acked++;
        if (acked == lines.size() * repeats) {
            Notes.time(Path.of(folder), "last");
        }
    }

    @Override
    public void fail(Object id) {
        throw new IllegalStateException("sentence " + id + " failed: these settings lose tuples");
    }

    @Override
    public void declareOutputFields(OutputFieldsDeclarer declarer) {
        declarer.declare(new Fields("sentence"));
    }
}

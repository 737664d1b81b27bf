package sferic;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.apache.storm.ICredentialsListener;
import org.apache.storm.spout.SpoutOutputCollector;
import org.apache.storm.task.TopologyContext;
import org.apache.storm.topology.IRichSpout;
import org.apache.storm.topology.OutputFieldsDeclarer;
import org.apache.storm.tuple.Values;

/** A stage without inputs. The executor's thread owns the fields; only it emits. */
public final class HostSpout implements IRichSpout, ICredentialsListener, Runs.Sender {
    private static final long serialVersionUID = 1L;
    private static final long NEVER = Long.MAX_VALUE;
    private static final long LATE_MS = 1000;

    /** Message id of one tuple: the index-th output of a group. */
    private record Part(long group, int index) {}

    private static final Part END = new Part(0, 0);

    private final String stage;
    private transient Map<String, String> credentials;
    private transient Task task;
    private transient SourceInstance instance;
    private transient SpoutOutputCollector collector;
    private transient LinkedHashMap<Long, Unacked> unacked;
    private transient ArrayDeque<Part> failed;
    private transient boolean endSent;
    private transient boolean endAcked;
    // Written by the executor, read by whoever asks late(): when the oldest of what is unacked was sent.
    private transient volatile long oldest;
    // Set by whoever calls again(), cleared by the executor.
    private transient volatile boolean again;
    private transient LongSupplier clock;

    /** A group whose outputs are kept until all are acked. */
    private static final class Unacked {
        final List<Emit> emits;
        final boolean[] acked;
        final long[] sentMs;
        final int[] fails;
        long since;
        int left;

        Unacked(List<Emit> emits) {
            this.emits = emits;
            this.acked = new boolean[emits.size()];
            this.sentMs = new long[emits.size()];
            this.fails = new int[emits.size()];
            this.left = emits.size();
        }
    }

    public HostSpout(String stage) {
        this.stage = stage;
    }

    /** Before it is prepared; renewed credentials are of no use to those that run. */
    @Override
    public void setCredentials(Map<String, String> given) {
        credentials = given;
    }

    @Override
    public void open(Map<String, Object> config, TopologyContext context, SpoutOutputCollector output) {
        Task own = Task.of(stage, Secrets.in(config, credentials), context, output);
        Begun begun = own.events().began(own); // it must not send anything before this is known
        if (!begun.over()) {
            start(own, output, () -> System.nanoTime() / 1_000_000, begun);
        }
    }

    /** Also for tests, which have no topology. */
    void start(Task own, SpoutOutputCollector output, LongSupplier milliseconds, Begun begun) {
        task = own;
        clock = milliseconds;
        collector = output;
        unacked = new LinkedHashMap<>();
        oldest = NEVER;
        failed = new ArrayDeque<>();
        if (!begun.ended()) {
            instance = new SourceInstance(own, begun.token());
            instance.start();
        }
        Runs.watch(own.settings().run(), this);
    }

    @Override
    public void nextTuple() {
        if (task == null || task.events().rests()) {
            return; // all was done before its worker was replaced; or it is as if nobody had called
        }
        if (again) {
            again = false;
            sendLate();
        }
        Part next = failed.poll();
        if (next != null) {
            emit(next);
            return;
        }
        Group group = instance == null ? null : instance.poll();
        if (group != null) {
            emit(group);
        } else if (!endSent && unacked.isEmpty() && (instance == null || instance.drained())) {
            endSent = true;
            emit(END);
        }
    }

    private void emit(Group group) {
        if (group.number() == 0) {
            group.emits().forEach(emit -> collector.emit(stream(emit), values(emit)));
            return;
        }
        if (group.emits().isEmpty()) {
            instance.acked(group.number());
            return;
        }
        // Known before it is emitted: without ackers the ack comes inside emit.
        Unacked sent = new Unacked(group.emits());
        sent.since = clock.getAsLong();
        unacked.put(group.number(), sent);
        findOldest();
        for (int index = 0; index < group.emits().size(); index++) {
            emit(new Part(group.number(), index));
        }
    }

    private void emit(Part part) {
        if (part.equals(END)) {
            oldest = clock.getAsLong();
            collector.emit(Frames.END_STREAM, new Values(task.end()), END);
            return;
        }
        Unacked group = unacked.get(part.group());
        if (group != null && !group.acked[part.index()]) {
            Emit emit = group.emits.get(part.index());
            group.sentMs[part.index()] = clock.getAsLong();
            collector.emit(stream(emit), values(emit), part);
        }
    }

    private static String stream(Emit emit) {
        return Frames.stream(emit.link());
    }

    private static Values values(Emit emit) {
        return new Values(emit.bucket(), emit.batch());
    }

    @Override
    public void ack(Object id) {
        Part part = (Part) id;
        if (part.equals(END)) {
            endAcked = true;
            oldest = NEVER;
            task.events().finished(stage, task.rank());
            return;
        }
        Unacked group = unacked.get(part.group());
        if (group == null || group.acked[part.index()]) {
            return;
        }
        group.acked[part.index()] = true;
        group.left--;
        if (group.left == 0) {
            unacked.remove(part.group());
            findOldest();
            instance.acked(part.group());
        }
    }

    private void findOldest() {
        oldest = unacked.isEmpty() ? NEVER : unacked.values().iterator().next().since;
    }

    @Override
    public boolean late() {
        return isLate(oldest);
    }

    private boolean isLate(long since) {
        return since != NEVER && clock.getAsLong() - since > LATE_MS;
    }

    @Override
    public void again() {
        again = true;
    }

    /** What went to an instance that is no more would wait for Storm's timeout, and the window with it. */
    private void sendLate() {
        unacked.forEach((number, group) -> {
            if (isLate(group.since)) {
                group.since = clock.getAsLong();
                for (int index = 0; index < group.acked.length; index++) {
                    if (!group.acked[index]) {
                        sendAgain(new Part(number, index));
                    }
                }
            }
        });
        if (endSent && !endAcked) {
            sendAgain(END);
        } else {
            findOldest();
        }
    }

    private void sendAgain(Part part) {
        task.events().event(Map.of("event", "replayed", "stage", stage, "rank", task.rank()));
        if (!failed.contains(part)) {
            failed.add(part);
        }
    }

    /**
     * It is sent again, unless somebody (no part of ours does) has failed it too often. A timeout never counts; Storm
     * does not say which it was, and its clock ticks are not exact.
     */
    @Override
    public void fail(Object id) {
        Part part = (Part) id;
        Unacked group = unacked.get(part.group());
        if (!part.equals(END) && (group == null || group.acked[part.index()])) {
            return; // it was sent again meanwhile, and arrived
        }
        long soon = task.settings().messageTimeout().toMillis() * 9 / 10;
        if (group != null && clock.getAsLong() - group.sentMs[part.index()] < soon) {
            group.fails[part.index()]++;
            if (group.fails[part.index()] >= task.settings().fails()) {
                setAside(part, group);
                return;
            }
        }
        sendAgain(part);
    }

    private void setAside(Part part, Unacked group) {
        int times = group.fails[part.index()];
        String policy = task.settings().stage().pe(0).policy();
        try {
            task.events().event(task.failed(group.emits.get(part.index()).batch(), true, policy,
                    "it was failed " + times + " times", times));
        } catch (FrameException error) {
            throw new IllegalStateException("a batch that was sent cannot be read: " + error.getMessage(), error);
        }
        ack(part);
    }

    @Override
    public void close() {
        Closing.close(instance);
    }

    /** Also before the first tuple. Who goes on after a pause reads nothing more if it is to end. */
    @Override
    public void activate() {
        if (task != null) {
            task.events().look();
        }
    }

    /** Nobody calls nextTuple() now: the child stops at its window, and what comes back is taken as ever. */
    @Override
    public void deactivate() {
        if (task != null) {
            task.events().deactivated();
        }
    }

    @Override
    public void declareOutputFields(OutputFieldsDeclarer declarer) {}

    @Override
    public Map<String, Object> getComponentConfiguration() {
        return Map.of();
    }
}

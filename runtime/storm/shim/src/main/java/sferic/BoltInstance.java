package sferic;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import org.apache.storm.task.OutputCollector;
import org.apache.storm.tuple.Tuple;
import org.apache.storm.tuple.Values;

/** What a HostBolt holds, and its child. Its mailbox owns the fields, and alone emits and acks. */
final class BoltInstance implements Supervisor.Instance, Runs.Member {
    static final int FEED_INPUTS = 64;
    static final long FEED_BYTES = 16 << 20;

    private final Task task;
    private final OutputCollector collector;
    private final HeldTuples held;
    private final ScheduledExecutorService timer;
    private final Mailbox mailbox;
    private final Supervisor supervisor;
    private final Ends ends;
    private final Loose loose;

    private final ArrayDeque<Held> queued = new ArrayDeque<>();
    private final Map<Long, Held> atChild = new LinkedHashMap<>();
    private long lastInput;
    // The input number of FINISH; 0 until the ends are complete.
    private long finish;
    private boolean finishAtChild;
    private boolean finished;
    private boolean heldState;
    // Written by the mailbox, read by the timer.
    private volatile boolean outstanding;
    // Of batches taken and not yet answered. Written by the mailbox, read by the timer.
    private volatile long bytes;
    private final Latency latency = new Latency();

    BoltInstance(Task task, OutputCollector collector) {
        this.task = task;
        this.collector = collector;
        held = new HeldTuples(collector, task.worker());
        ends = new Ends(task.endSenders());
        timer = Timers.create(task.name() + "-timer");
        mailbox = new Mailbox(task.name(), this::feed, this::broken);
        loose = Loose.open(task.worker().name(), () -> mailbox.post(() -> { }));
        supervisor = new Supervisor(task.stage(), task.rank(), task.settings(), task.events(), mailbox, timer, this);
    }

    void start() {
        held.keepAlive(timer, task.settings().messageTimeout());
        mailbox.start();
        supervisor.start();
        Runs.join(task.settings().run(), this);
    }

    /** Takes a tuple, at once; from the executor's thread. */
    void take(Tuple tuple) {
        held.add(tuple);
        mailbox.post(() -> queue(tuple));
    }

    private void queue(Tuple tuple) throws FrameException {
        boolean end = tuple.getSourceStreamId().equals(Frames.END_STREAM);
        byte[] batch = tuple.getBinaryByField("batch");
        int later = BatchHeader.later(batch, task.settings().attempt());
        if (later > 0) {
            task.events().overtaken(); // it waits for who comes after this one
        } else if (later < 0 || finished && !end) {
            held.ack(tuple);
        } else if (finished) {
            // Again, as its tree timed out. Those behind may not have finished: they hold this tree, too, until they have.
            passOnEnd(List.of(tuple));
            held.ack(tuple);
        } else if (end) {
            ends.take(tuple);
        } else {
            queued.add(new Held(++lastInput, tuple, batch, System.nanoTime()));
            bytes = bytes + batch.length;
        }
    }

    /** Gives the child everything there is, once it has answered all it had. */
    private void feed() throws FrameException {
        if (supervisor.ready() && atChild.isEmpty() && !finishAtChild && !loose.full()) {
            if (!queued.isEmpty()) {
                takeLot();
                supervisor.send(Frames.FEED, Messages.feed(atChild.values()));
            } else if (ends.complete() && !finished) {
                finish = finish == 0 ? ++lastInput : finish;
                finishAtChild = true;
                supervisor.send(Frames.FINISH, List.of(Messages.number(finish)));
            }
        }
        outstanding = !atChild.isEmpty() || finishAtChild;
    }

    private void takeLot() {
        long bytes = 0;
        while (!queued.isEmpty() && atChild.size() < FEED_INPUTS) {
            bytes += queued.peekFirst().batch().length;
            if (bytes > FEED_BYTES && !atChild.isEmpty()) {
                return;
            }
            Held next = queued.pollFirst();
            atChild.put(next.input(), next);
        }
    }

    @Override
    public void frame(Frame frame) throws FrameException, InterruptedException {
        if (!heldState && supervisor.page().hasState()) {
            heldState = true;
            task.events().holdsState(task);
        }
        switch (frame.type()) {
            case Frames.ANSWER -> answer(Answer.read(frame));
            case Frames.EMIT -> emit(Group.read(frame));
            default -> throw new FrameException("frame type 0x" + Integer.toHexString(frame.type()) + " from a bolt");
        }
    }

    private void answer(Answer answer) throws FrameException {
        task.check(answer.emits());
        if (finishAtChild) {
            answerFinish(answer);
            return;
        }
        List<Tuple> anchors = new ArrayList<>(answer.inputs().length);
        for (long input : answer.inputs()) {
            Held asked = atChild.get(input);
            if (asked == null) {
                throw new FrameException("an answer for input " + input + ", which it was not given");
            }
            anchors.add(asked.tuple());
        }
        if (anchors.isEmpty()) {
            // An answer in part belongs to all that is there.
            atChild.values().forEach(asked -> anchors.add(asked.tuple()));
        }
        if (answer.finished() || anchors.isEmpty()) {
            throw new FrameException("an answer for nothing");
        }
        emit(answer.emits(), anchors);
        for (long input : answer.inputs()) {
            Held done = atChild.remove(input);
            if (done != null) {
                held.ack(done.tuple());
                supervisor.answered(input);
                over(done);
            }
        }
    }

    private void over(Held batch) {
        bytes = bytes - batch.batch().length;
        latency.took(System.nanoTime() - batch.since());
    }

    @Override
    public Load load() {
        return new Load(bytes, latency.take());
    }

    private void answerFinish(Answer answer) throws FrameException {
        for (long input : answer.inputs()) {
            if (input != finish) {
                throw new FrameException("an answer for input " + input + " while it was to finish");
            }
        }
        if (answer.finished() != (answer.inputs().length > 0)) {
            throw new FrameException("flag 1 belongs to the answer of FINISH");
        }
        emit(answer.emits(), ends.tuples());
        if (!answer.finished()) {
            return;
        }
        passOnEnd(ends.tuples());
        ends.tuples().forEach(held::ack);
        finishAtChild = false;
        finished = true;
        // All senders have ended: what came since can only be what was there before.
        queued.forEach(late -> held.ack(late.tuple()));
        queued.clear();
        bytes = 0;
        supervisor.answered(finish);
    }

    private void passOnEnd(Collection<Tuple> anchors) {
        if (task.streams().contains(Frames.END_STREAM)) {
            collector.emit(Frames.END_STREAM, anchors, new Values(task.end()));
        }
    }

    private void emit(Group group) throws FrameException {
        if (group.number() != 0) {
            throw new FrameException("group " + group.number() + " from a bolt");
        }
        task.check(group.emits());
        for (Emit emit : group.emits()) {
            loose.unasked(supervisor.page(), BatchHeader.sequence(emit.batch()));
        }
        emit(group.emits(), List.of());
    }

    private void emit(List<Emit> emits, Collection<Tuple> anchors) {
        boolean unaccounted = anchors.stream().allMatch(Worker::loose);
        for (Emit emit : emits) {
            List<Integer> receivers =
                    collector.emit(Frames.stream(emit.link()), anchors, new Values(emit.bucket(), emit.batch()));
            if (unaccounted && task.worker().has(receivers)) {
                loose.sent();
            } else if (unaccounted) {
                loose.elsewhere(BatchHeader.sequence(emit.batch()));
            }
        }
    }

    /** What it had not answered goes, under the same numbers, to the next one. */
    @Override
    public void died() {
        List<Held> again = new ArrayList<>(atChild.values());
        for (int i = again.size() - 1; i >= 0; i--) {
            queued.addFirst(again.get(i));
        }
        atChild.clear();
        finishAtChild = false;
    }

    /** The batch fails as a whole; false for what is no batch. */
    @Override
    public boolean setAside(Page.Place place, int deaths) throws FrameException {
        for (Held batch : queued) {
            if (batch.input() == place.input()) {
                queued.remove(batch);
                Pe culprit = task.settings().stage().pe(place.pe());
                String text = "its items ended their process " + deaths + " times, the last time in " + culprit.path();
                task.events().event(task.failed(batch.batch(), false, culprit.policy(), text, deaths));
                held.ack(batch.tuple());
                over(batch);
                return true;
            }
        }
        return false;
    }

    @Override
    public Map<String, Object> position() {
        return Map.of();
    }

    @Override
    public boolean outstanding() {
        return outstanding;
    }

    @Override
    public boolean complete() {
        return finished;
    }

    private void broken(Exception error) {
        supervisor.broken(error);
    }

    @Override
    public void stop() {
        // Ends come to a bolt from its senders.
    }

    @Override
    public void dismiss() {
        supervisor.dismiss();
        loose.close(task.worker().name());
        mailbox.close();
        timer.shutdownNow();
    }

    @Override
    public void close() throws InterruptedException {
        supervisor.close();
    }
}

package sferic;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ScheduledExecutorService;

/** The child of a HostSpout. Its mailbox owns the fields; the spout's executor takes what is in `groups`. */
final class SourceInstance implements Supervisor.Instance, Runs.Member {
    private final Task task;
    private final ScheduledExecutorService timer;
    private final Mailbox mailbox;
    private final Supervisor supervisor;
    // From the mailbox to the executor.
    private final Queue<Group> groups = new ConcurrentLinkedQueue<>();
    // Set by the mailbox after the last group is in the queue.
    private volatile boolean done;

    private final List<Long> acked = new ArrayList<>();
    // By group, in their order: where the source stands after each that is not committed.
    private final ArrayDeque<Group> sent = new ArrayDeque<>();
    private final boolean resumed;
    private boolean heldState;
    private final Set<Long> unacked = new LinkedHashSet<>();
    private long lastGroup;
    private byte[] token;
    private boolean stopping;
    private boolean stopSent;

    /** `token`: where workers before this one have left the source; empty where it begins. */
    SourceInstance(Task task, byte[] token) {
        this.task = task;
        this.token = token;
        resumed = token.length > 0;
        timer = Timers.create(task.name() + "-timer");
        mailbox = new Mailbox(task.name(), this::tell, this::broken);
        supervisor = new Supervisor(task.stage(), task.rank(), task.settings(), task.events(), mailbox, timer, this);
    }

    void start() {
        mailbox.start();
        supervisor.start();
        Runs.join(task.settings().run(), this);
    }

    /** The next group to emit, or null. From the executor. */
    Group poll() {
        return groups.poll();
    }

    /** True once the source has ended and poll() gave all its groups. From the executor. */
    boolean drained() {
        return done && groups.isEmpty();
    }

    /** This group is wholly processed. From the executor. */
    void acked(long group) {
        mailbox.post(() -> {
            unacked.remove(group);
            acked.add(group);
            commit();
        });
    }

    /** Up to the first group that is not acked. */
    private void commit() {
        byte[] reached = {};
        while (!sent.isEmpty() && !unacked.contains(sent.getFirst().number())) {
            reached = sent.removeFirst().token();
        }
        if (reached.length > 0) {
            task.events().committed(task, reached);
        }
    }

    private void tell() throws FrameException {
        if (!supervisor.ready()) {
            return;
        }
        if (stopping && !stopSent && !done) {
            stopSent = true;
            supervisor.send(Frames.STOP, List.of());
        }
        if (!acked.isEmpty()) {
            supervisor.send(Frames.ACKED, List.of(Messages.numbers(acked)));
            acked.clear();
        }
    }

    @Override
    public void frame(Frame frame) throws FrameException, InterruptedException {
        switch (frame.type()) {
            case Frames.EMIT -> {
                noteState();
                group(Group.read(frame));
            }
            case Frames.DONE -> done = true;
            default -> throw new FrameException("frame type 0x" + Integer.toHexString(frame.type()) + " from a source");
        }
    }

    private void noteState() throws InterruptedException {
        if (!heldState && supervisor.page().hasState()) {
            heldState = true;
            task.events().holdsState(task);
        }
    }

    private void group(Group group) throws FrameException {
        task.check(group.emits());
        if (group.number() != 0) {
            if (group.number() != lastGroup + 1) {
                throw new FrameException("group " + group.number() + " after group " + lastGroup);
            }
            lastGroup = group.number();
            unacked.add(lastGroup);
            token = group.token();
            sent.add(new Group(lastGroup, token, List.of()));
        }
        groups.add(group);
    }

    @Override
    public Map<String, Object> position() {
        Map<String, Object> position = new LinkedHashMap<>();
        position.put("group", lastGroup);
        position.put("unacked", List.copyOf(unacked));
        if (token.length > 0) {
            position.put("token", Base64.getEncoder().encodeToString(token));
            position.put("resumed", resumed);
        }
        return position;
    }

    @Override
    public void died() {
        stopSent = false;
    }

    @Override
    public boolean outstanding() {
        return false;
    }

    @Override
    public boolean complete() {
        return done;
    }

    private void broken(Exception error) {
        supervisor.broken(error);
    }

    /** Reads no more and ends as if it were done. From any thread. */
    @Override
    public void stop() {
        mailbox.post(() -> stopping = true);
    }

    @Override
    public void dismiss() {
        supervisor.dismiss();
        mailbox.close();
        timer.shutdownNow();
    }

    @Override
    public void close() throws InterruptedException {
        supervisor.close();
    }
}

package sferic;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Keeps one child running for one instance and replaces it when it dies. Owned by the instance's mailbox, except where
 * a field says otherwise.
 */
final class Supervisor implements Child.Listener {
    /** The instance; called from its mailbox. What has a default is for instances that are given inputs. */
    interface Instance {
        /** Further keys of START. */
        Map<String, Object> position();

        /** A frame that is neither READY nor EVENT. */
        void frame(Frame frame) throws FrameException, InterruptedException;

        /** An input, given back by died(), ended too many processes; true where it will not be given again. */
        default boolean setAside(Page.Place place, int deaths) throws FrameException {
            return false;
        }

        /** The child is no more; another one follows. */
        void died();

        /** From any thread: whether the child owes an answer. */
        boolean outstanding();

        /** True where no other child is needed. */
        boolean complete();

        /** What it holds, and how long batches took since the last call; null where nothing is given to it. */
        default Load load() {
            return null;
        }
    }

    private static final long LOOK_MS = 200;
    private static final int PYTHON_WARNING = 30;
    private static final int PYTHON_ERROR = 40;
    private static final Page.Place NOWHERE = new Page.Place(0, 0, 0);

    private final String stage;
    private final int rank;
    private final Settings settings;
    private final Events events;
    private final Mailbox mailbox;
    private final ScheduledExecutorService timer;
    private final Instance instance;
    private final Deaths deaths = new Deaths();
    private final Hang hang;
    // Owned by the timer.
    private final Usage usage = new Usage();
    // Written by the mailbox, read by the timer and by close().
    private volatile Child child;
    // The one that left last: written by the mailbox, read by close().
    private volatile Child left;
    // Written by the mailbox, and by a reader thread that sees the child's last word; read by the timer.
    private volatile boolean ready;
    // Written by close().
    private volatile boolean closing;
    // Frames the child sent: written by the mailbox, read by the timer.
    private volatile long heard;
    // True while the reader thread is not reading: written by it, read by the timer.
    private volatile boolean handing;
    private boolean greeted;
    private boolean replaced;
    private boolean toldReady;
    // Written by the mailbox and a reader thread, read by both.
    private volatile boolean gaveUp;

    Supervisor(String stage, int rank, Settings settings, Events events, Mailbox mailbox,
            ScheduledExecutorService timer, Instance instance) {
        this.stage = stage;
        this.rank = rank;
        this.settings = settings;
        this.events = events;
        this.mailbox = mailbox;
        this.timer = timer;
        this.instance = instance;
        this.hang = new Hang(settings.stage(), settings.slow());
    }

    void start() {
        mailbox.post(this::spawn);
        timer.scheduleWithFixedDelay(this::look, LOOK_MS, LOOK_MS, TimeUnit.MILLISECONDS);
        timer.scheduleWithFixedDelay(this::tellUsage, Usage.PERIOD_MS, Usage.PERIOD_MS, TimeUnit.MILLISECONDS);
    }

    boolean ready() {
        return ready;
    }

    /** Of the child there is. */
    Page page() {
        return child.page();
    }

    /** To the child; a pipe that broke is told by gone(). */
    void send(int type, List<byte[]> parts) throws FrameException {
        try {
            child.write(type, parts);
        } catch (FrameException error) {
            throw error;
        } catch (IOException error) {
            ready = false;
        }
    }

    /** The child answered these inputs. */
    void answered(long input) {
        deaths.forget(input);
    }

    private void spawn() {
        if (closing || gaveUp) {
            return;
        }
        try {
            child = Child.start(settings, "sferic-" + stage + "-" + rank, this);
        } catch (IOException error) {
            giveUp("input", "cannot start " + settings.command() + ": " + error.getMessage());
            return;
        }
        want(child.page());
        Map<String, Object> start = new LinkedHashMap<>();
        start.put("protocol", Frames.PROTOCOL);
        start.put("plan", settings.plan());
        start.put("root", settings.root());
        start.put("stage", stage);
        start.put("rank", rank);
        start.put("attempt", settings.attempt());
        start.put("page", child.page().path().toString());
        start.put("window", settings.window());
        start.put("group", 0);
        start.put("poison", deaths.poison());
        start.put("lost", replaced);
        if (settings.key() != null) {
            start.put("key", settings.key());
        }
        start.putAll(instance.position());
        try {
            child.write(Frames.START, List.of(Json.bytes(start)));
        } catch (IOException error) {
            line("it took no START: " + error.getMessage());
        }
        greeted = false;
        replaced = true;
        if (closing) {
            child.dismiss();
        }
    }

    /**
     * From the reader thread. Events go on from here, so that a child that floods them waits for whoever reads them
     * and nothing piles up in the mailbox.
     */
    @Override
    public void frame(Child from, Frame frame) throws FrameException {
        handing = true;
        try {
            if (frame.type() == Frames.EVENT) {
                event(Json.object(frame.body()));
                return;
            }
            mailbox.post(() -> {
                if (from == child && !gaveUp) {
                    take(frame);
                }
            });
        } finally {
            handing = false;
        }
    }

    private void take(Frame frame) throws InterruptedException {
        heard = heard + 1;
        try {
            if (frame.type() == Frames.READY) {
                greet(Json.object(frame.body()));
            } else {
                deaths.progress();
                instance.frame(frame);
            }
        } catch (FrameException error) {
            line("it broke the protocol and is killed: " + error.getMessage());
            ready = false;
            child.kill();
            gone(child, error.getMessage());
        }
    }

    private void greet(Map<String, Object> hello) {
        if (hello.get("protocol") instanceof Number protocol && protocol.intValue() == Frames.PROTOCOL) {
            ready = true;
            greeted = true;
            if (!toldReady) {
                toldReady = true;
                events.ready(settings.stage().pe(0).path());
            }
        } else {
            giveUp("input", "the child speaks protocol " + hello.get("protocol") + ", this shim " + Frames.PROTOCOL);
            child.kill();
        }
    }

    private void event(Map<String, Object> event) {
        event.put("stage", stage);
        event.putIfAbsent("rank", rank);
        if (Events.last(event)) {
            gaveUp = true;
            ready = false;
        }
        events.event(event);
    }

    @Override
    public void gone(Child from, String why) {
        mailbox.post(() -> {
            if (from == child) {
                died(why);
            }
        });
    }

    private void died(String why) throws IOException, InterruptedException {
        Child dead = child;
        Page.Place place = dead.page().place();
        boolean hadState = dead.page().hasState();
        ready = false;
        left = dead;
        child = null;
        int exit = dead.bury();
        if (closing || gaveUp || instance.complete()) {
            return;
        }
        Map<String, Object> event = report("died");
        event.put("pid", dead.pid());
        event.put("exit", exit);
        event.put("input", place.input());
        event.put("pe", settings.stage().pe(place.pe()).path());
        event.put("step", place.step());
        event.put("text", why);
        events.event(event);
        if (hadState) {
            Map<String, Object> lost = report("lost");
            lost.put("pe", settings.stage().pe(0).path());
            events.event(lost);
        }
        String enough = deaths.died(place, greeted, System.nanoTime() / 1_000_000);
        instance.died();
        if (enough == null && deaths.tooMany(place.input())) {
            int times = Deaths.PER_INPUT + 1;
            enough = instance.setAside(place, times) ? null : "one input ended its process " + times + " times";
            deaths.forget(place.input());
        }
        if (enough != null) {
            giveUp("failed", enough + " (the last one " + Deaths.ending(exit) + ")");
            return;
        }
        timer.schedule(() -> mailbox.post(this::spawn), deaths.nextDelay(), TimeUnit.MILLISECONDS);
    }

    private void giveUp(String kind, String text) {
        gaveUp = true;
        ready = false;
        Map<String, Object> event = report("error");
        event.put("kind", kind);
        event.put("text", "stage " + stage + ", instance " + rank + ": " + text);
        events.event(event);
    }

    private Map<String, Object> report(String name) {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("event", name);
        event.put("stage", stage);
        event.put("rank", rank);
        return event;
    }

    @Override
    public void line(String text) {
        Child now = child;
        Page.Place place = now == null ? NOWHERE : now.page().place();
        Map<String, Object> event = report("print");
        event.put("pe", settings.stage().pe(place.pe()).path());
        event.put("level", text.startsWith(Traceback.FIRST) ? PYTHON_ERROR : PYTHON_WARNING);
        event.put("text", text);
        events.event(event);
    }

    private void want(Page page) {
        List<Pe> pes = settings.stage().pes();
        int[] levels = pes.stream().mapToInt(pe -> events.level(pe.path())).toArray();
        page.want(levels[0] == 0 ? 0 : Flood.LINES, levels);
    }

    // From the timer.
    private void tellUsage() {
        Map<String, Object> event = report("usage");
        event.put("pe", settings.stage().pe(0).path());
        event.putAll(usage.look(child, instance.load()));
        events.event(event);
    }

    /** The instance's own code failed: nothing can go on. From the mailbox. */
    void broken(Exception error) {
        if (closing) {
            return;
        }
        giveUp("failed", "the shim failed: " + error);
        Child last = child;
        if (last != null) {
            last.kill();
        }
    }

    // From the timer.
    private void look() {
        Child now = child;
        if (now == null || gaveUp) {
            return;
        }
        now.tick();
        want(now.page());
        Hang.Known known = new Hang.Known(heard, now.taken(), !ready || instance.outstanding(), handing);
        boolean kill = hang.look(now.page(), known, System.nanoTime() / 1_000_000,
                seconds -> events.event(standingStill("slow", now, seconds)));
        if (kill) {
            Page.Place place = now.page().place();
            boolean starting = now.page().state() == Page.STARTING;
            Stage plan = settings.stage();
            events.event(standingStill("hung", now,
                    (starting ? plan.start() : plan.pe(place.pe()).hang()).toSeconds()));
            now.kill();
        }
    }

    private Map<String, Object> standingStill(String name, Child child, long seconds) {
        Page page = child.page();
        Page.Place place = page.place();
        Map<String, Object> event = report(name);
        event.put("pid", child.pid());
        event.put("pe", settings.stage().pe(place.pe()).path());
        event.put("input", place.input());
        event.put("step", place.step());
        event.put("starting", page.state() == Page.STARTING);
        event.put("seconds", seconds);
        return event;
    }

    /** From any thread: the child is asked to leave, and no other one will come. */
    void dismiss() {
        closing = true;
        Child last = child;
        if (last != null) {
            last.dismiss();
        }
    }

    /** After dismiss: when this returns the child is no more, and what it said last is told. */
    void close() throws InterruptedException {
        Child last = child;
        Child before = left;
        if (last != null) {
            last.close();
        }
        if (before != null) {
            before.listen();
        }
    }
}

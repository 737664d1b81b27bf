package sferic;

import java.time.Duration;
import java.util.function.Consumer;

/** Sees a child stand still, by its page. Owned by the instance's timer thread. */
final class Hang {
    private final Stage stage;
    private final Duration warn;
    private Page page;
    private Page.Place last;
    private long state;
    private long heard;
    private long bytes;
    private long since;
    private boolean warned;
    private boolean killed;

    Hang(Stage stage, Duration warn) {
        this.stage = stage;
        this.warn = warn;
    }

    /** What the supervisor knows. `frames`: how many came, each is progress; `bytes`: how many came, each is progress of
     * a child that hands over; `owes`: it has not answered all it was given; `heldUp`: what it hands over is not taken,
     * which is not its fault. */
    record Known(long frames, long bytes, boolean owes, boolean heldUp) {}

    /** True, once, where the child must be killed. `slow` gets the seconds, once for each standstill. */
    boolean look(Page now, Known known, long nowMs, Consumer<Long> slow) {
        Page.Place place = now.place();
        long doing = now.state();
        boolean hands = doing == Page.HANDING;
        boolean busy = hands || doing == Page.WORKING || doing == Page.STARTING || doing == Page.IDLE && known.owes();
        boolean came = known.frames() != heard || hands && known.bytes() != bytes;
        boolean moved = now != page || came || !place.equals(last) || doing != state;
        if (moved || !busy || known.heldUp()) {
            heard = known.frames();
            bytes = known.bytes();
            last = place;
            state = doing;
            since = nowMs;
            warned = false;
            killed = killed && now == page;
            page = now;
            return false;
        }
        Pe pe = stage.pe(place.pe());
        boolean starting = doing == Page.STARTING;
        if (pe.patient() && !starting) {
            return false;
        }
        long still = nowMs - since;
        if (!warned && !warn.isZero() && still >= warn.toMillis()) {
            warned = true;
            slow.accept(still / 1000);
        }
        Duration kill = starting ? stage.start() : pe.hang();
        boolean enough = !killed && !kill.isZero() && still >= kill.toMillis();
        killed = killed || enough;
        return enough;
    }
}

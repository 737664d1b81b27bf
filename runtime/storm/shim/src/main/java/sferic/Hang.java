package sferic;

import java.time.Duration;
import java.util.function.Consumer;

/** Sees a child stand still, by its page. Owned by the instance's timer thread. */
final class Hang {
    private final Duration kill;
    private final Duration warn;
    private Page page;
    private Page.Place last;
    private long heard;
    private long since;
    private boolean warned;

    Hang(Duration kill, Duration warn) {
        this.kill = kill;
        this.warn = warn;
    }

    /**
     * True where the child must be killed. `frames`: how many it has sent; each is progress. `slow` gets the seconds,
     * once for each standstill.
     */
    boolean look(Page now, long frames, boolean outstanding, long nowMs, Consumer<Long> slow) {
        Page.Place place = now.place();
        long state = now.state();
        boolean working = state == Page.WORKING || state == Page.IDLE && outstanding;
        if (now != page || frames != heard || !place.equals(last) || !working) {
            heard = frames;
            page = now;
            last = place;
            since = nowMs;
            warned = false;
            return false;
        }
        long still = nowMs - since;
        if (!warned && !warn.isZero() && still >= warn.toMillis()) {
            warned = true;
            slow.accept(still / 1000);
        }
        return !kill.isZero() && still >= kill.toMillis();
    }
}

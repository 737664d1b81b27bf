package sferic;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What is known of a child's predecessors: how often, and at which items, they died. Owned by the mailbox. */
final class Deaths {
    static final int BUDGET = 20;
    static final long BUDGET_MS = 60_000;
    static final int PER_INPUT = 6;
    static final int NEVER_READY = 5;
    static final long FIRST_DELAY_MS = 100;
    static final long LAST_DELAY_MS = 5000;
    private static final int LAST_SIGNAL = 64;

    private final Deque<Long> times = new ArrayDeque<>();
    private final Map<Long, Integer> byInput = new HashMap<>();
    private final Set<Page.Place> places = new HashSet<>();
    private final Set<Page.Place> poison = new HashSet<>();
    private long delay = FIRST_DELAY_MS;
    private int neverReady;

    /** A child did some work: the next restart is quick again. */
    void progress() {
        delay = FIRST_DELAY_MS;
    }

    /** The input was answered; what was known of it can go. */
    void forget(long input) {
        if (byInput.remove(input) != null) {
            places.removeIf(place -> place.input() == input);
            poison.removeIf(place -> place.input() == input);
        }
    }

    /** Notes a death; the reason why there shall be no other child, or null. */
    String died(Page.Place place, boolean wasReady, long nowMs) {
        times.addLast(nowMs);
        while (nowMs - times.getFirst() > BUDGET_MS) {
            times.removeFirst();
        }
        neverReady = wasReady ? 0 : neverReady + 1;
        if (wasReady && place.input() != 0) {
            if (!places.add(place)) {
                poison.add(place);
            }
            byInput.merge(place.input(), 1, Integer::sum);
        }
        if (neverReady >= NEVER_READY) {
            return "its process left " + NEVER_READY + " times before it was ready";
        }
        return times.size() > BUDGET ? "its process died " + times.size() + " times within a minute" : null;
    }

    /** Did this input end more processes than one may? */
    boolean tooMany(long input) {
        return byInput.getOrDefault(input, 0) > PER_INPUT;
    }

    /** How a process ended, in words. `exit`: 128 + n where signal n ended it. */
    static String ending(int exit) {
        int signal = exit - 128;
        return 0 < signal && signal <= LAST_SIGNAL ? "was killed by signal " + signal : "exited with status " + exit;
    }

    /** How long to wait before the next child. */
    long nextDelay() {
        long now = delay;
        delay = Math.min(LAST_DELAY_MS, delay * 2);
        return now;
    }

    /** For START. */
    List<List<Long>> poison() {
        List<List<Long>> list = new ArrayList<>();
        poison.forEach(place -> list.add(List.of(place.input(), place.pe(), place.step())));
        return list;
    }
}

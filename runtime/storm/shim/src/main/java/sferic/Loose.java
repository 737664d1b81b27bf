package sferic;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Batches that no source accounts for: what an instance's `every` methods wrote, and what was made of that. Nothing else
 * bounds them: a child is told how many of its own are processed, and is fed nothing while too many of either kind are
 * not. Only receivers in the same worker are counted. Safe from any thread.
 */
final class Loose {
    static final int LIMIT = 64;
    private static final Map<String, Loose> ALL = new ConcurrentHashMap<>();

    private final Runnable room;
    // Guarded by this: how many are not processed; the sequences of those that the page's child was not asked for.
    private int sent;
    private final Set<Long> unasked = new HashSet<>();
    private Page page;

    private Loose(Runnable room) {
        this.room = room;
    }

    /** The sender's own, found by receivers under `name`; `room` runs when there is room again. */
    static Loose open(String name, Runnable room) {
        Loose loose = new Loose(room);
        ALL.put(name, loose);
        return loose;
    }

    /** A batch of the sender `name` is processed. */
    static void processed(String name, long sequence) {
        Loose loose = ALL.get(name);
        if (loose != null) {
            loose.processed(sequence);
        }
    }

    /** The page's child wrote this batch without being asked; it will be sent or dropped. */
    synchronized void unasked(Page from, long sequence) {
        if (from != page) {
            unasked.clear(); // what another child wrote is nothing to this one
            page = from;
        }
        unasked.add(sequence);
    }

    synchronized void sent() {
        sent++;
    }

    /** Its receiver is not here: it counts as processed. */
    synchronized void elsewhere(long sequence) {
        if (unasked.remove(sequence)) {
            page.countProcessed();
        }
    }

    synchronized boolean full() {
        return sent >= LIMIT;
    }

    private void processed(long sequence) {
        boolean hadNone;
        synchronized (this) {
            hadNone = sent >= LIMIT;
            sent--;
            elsewhere(sequence);
        }
        if (hadNone) {
            room.run();
        }
    }

    void close(String name) {
        ALL.remove(name, this);
    }
}

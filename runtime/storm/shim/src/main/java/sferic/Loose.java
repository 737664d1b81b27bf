package sferic;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Batches that no source accounts for: what an instance's `every` methods wrote, and what was made of that. Nothing else
 * bounds them, so their sender waits while too many are unprocessed. Only receivers in the same worker are counted.
 * Safe from any thread.
 */
final class Loose {
    static final int LIMIT = 64;
    private static final Map<String, Loose> ALL = new ConcurrentHashMap<>();

    private final Runnable room;
    // Guarded by this: sent and not processed; frames on their way from the child.
    private int sent;
    private int coming;
    private boolean closed;

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
    static void processed(String name) {
        Loose loose = ALL.get(name);
        if (loose != null) {
            loose.processed();
        }
    }

    /** Waits for room; from the child's reader thread. Each call is followed by one of arrived(). */
    synchronized void admit() {
        boolean interrupted = false;
        while (sent + coming >= LIMIT && !closed) {
            try {
                wait();
            } catch (InterruptedException error) {
                interrupted = true;
                break;
            }
        }
        coming++;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** The frame is through the mailbox. */
    synchronized void arrived() {
        coming--;
        notifyAll();
    }

    synchronized void sent(int batches) {
        sent += batches;
    }

    synchronized boolean full() {
        return sent >= LIMIT;
    }

    private void processed() {
        boolean hadNone;
        synchronized (this) {
            hadNone = sent >= LIMIT;
            sent--;
            notifyAll();
        }
        if (hadNone) {
            room.run();
        }
    }

    void close(String name) {
        ALL.remove(name, this);
        synchronized (this) {
            closed = true;
            notifyAll();
        }
    }
}

package sferic;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/** The owner thread of an instance: runs what others post, one after the other. */
final class Mailbox {
    /** Work that may break the protocol's rules or lose its pipe. */
    interface Work {
        void run() throws Exception;
    }

    private final LinkedBlockingQueue<Work> posted = new LinkedBlockingQueue<>();
    private final Thread thread;
    private volatile boolean closed;

    /** `idle` runs after each lot of posted work; `failed` when either throws, which ends the thread. */
    Mailbox(String name, Work idle, Consumer<Exception> failed) {
        thread = new Thread(() -> loop(idle, failed), name);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    void post(Work work) {
        posted.add(work);
    }

    /** Work not yet begun is dropped. */
    void close() {
        closed = true;
        post(() -> { });
    }

    private void loop(Work idle, Consumer<Exception> failed) {
        List<Work> lot = new ArrayList<>();
        try {
            while (!closed) {
                lot.add(posted.take());
                posted.drainTo(lot);
                for (Work work : lot) {
                    if (closed) {
                        return;
                    }
                    work.run();
                }
                lot.clear();
                idle.run();
            }
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        } catch (Exception error) { // whatever it was, the instance must not stand still unseen
            failed.accept(error);
        }
    }
}

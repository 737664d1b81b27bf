package sferic;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** Makes an instance's timer thread. */
final class Timers {
    private Timers() {}

    static ScheduledExecutorService create(String name) {
        return Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, name);
            thread.setDaemon(true);
            return thread;
        });
    }
}

package sferic;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.storm.task.OutputCollector;
import org.apache.storm.tuple.Tuple;

/** Tuples taken and not yet acked, whose timeouts are put off while they wait. Safe from any thread. */
final class HeldTuples {
    private final OutputCollector collector;
    private final Worker worker;
    private final Set<Tuple> held = ConcurrentHashMap.newKeySet();

    HeldTuples(OutputCollector collector, Worker worker) {
        this.collector = collector;
        this.worker = worker;
    }

    /** From now on, at a third of the timeout. */
    void keepAlive(ScheduledExecutorService timer, Duration timeout) {
        long period = Math.max(1, timeout.toMillis() / 3);
        timer.scheduleAtFixedRate(this::reset, period, period, TimeUnit.MILLISECONDS);
    }

    void add(Tuple tuple) {
        held.add(tuple);
    }

    /** Acks and forgets; only from the thread that emits what is anchored to it. */
    void ack(Tuple tuple) {
        held.remove(tuple);
        collector.ack(tuple);
        worker.processed(tuple);
    }

    private void reset() {
        held.forEach(collector::resetTimeout);
    }
}

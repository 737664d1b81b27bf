package sferic;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.storm.task.IErrorReporter;

/**
 * An instance's events on a cluster: what can be counted goes to Storm's metrics, too, and failures to Storm's errors,
 * which keep the last of each component and let no flood through. Immutable.
 */
record ReportedEvents(Events events, IErrorReporter reporter, Meters meters) implements Events {
    private static final Set<String> TOLD = Set.of("failed", "error", "lost", "died", "hung");

    @Override
    public void event(Map<String, Object> event) {
        events.event(event);
        meters.take(event);
        if (TOLD.contains(String.valueOf(event.get("event")))) {
            reporter.reportError(new Reported(Words.who(event) + " " + Words.of(event)));
        }
    }

    @Override
    public int level(String pe) {
        return LogEvents.level(pe);
    }

    @Override
    public int attempt() {
        return events.attempt();
    }

    @Override
    public Begun began(Task task) {
        return events.began(task);
    }

    @Override
    public void follows(Task task) {
        events.follows(task);
    }

    @Override
    public void holdsState(Task task) throws InterruptedException {
        events.holdsState(task);
    }

    @Override
    public void committed(Task task, byte[] token) {
        events.committed(task, token);
    }

    @Override
    public void overtaken() {
        events.overtaken();
    }

    @Override
    public void ready(String pe) {
        events.ready(pe);
    }

    @Override
    public void look() {
        events.look();
    }

    @Override
    public boolean rests() {
        return events.rests();
    }

    @Override
    public void deactivated() {
        events.deactivated();
    }

    @Override
    public void finished(String stage, int rank) {
        events.finished(stage, rank);
    }

    @Override
    public void results(List<byte[]> batches) throws IOException, InterruptedException {
        events.results(batches);
    }
}

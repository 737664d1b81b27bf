package sferic;

import java.util.List;
import java.util.Set;
import org.apache.storm.tuple.Tuple;

/** A task among the others of its worker. Immutable. */
record Worker(String topology, int self, Set<Integer> tasks) {
    /** Under which name a task's Loose is known in this JVM. */
    private String name(int task) {
        return topology + "/" + task;
    }

    String name() {
        return name(self);
    }

    /** Is the one receiver of a batch here? */
    boolean has(List<Integer> receivers) {
        return tasks.containsAll(receivers) && !receivers.isEmpty();
    }

    /** True for a tuple that no source accounts for. */
    static boolean loose(Tuple tuple) {
        return tuple.getMessageId().getAnchors().isEmpty();
    }

    /** A tuple was processed: its sender may have waited for that. */
    void processed(Tuple tuple) {
        if (loose(tuple) && tasks.contains(tuple.getSourceTask())
                && !tuple.getSourceStreamId().equals(Frames.END_STREAM)) {
            Loose.processed(name(tuple.getSourceTask()), BatchHeader.sequence(tuple.getBinaryByField("batch")));
        }
    }
}

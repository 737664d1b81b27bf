package sferic;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.storm.tuple.Tuple;

/** Which senders have ended. Owned by the instance's mailbox. */
final class Ends {
    private final Set<Integer> missing;
    private final boolean expected;
    private final List<Tuple> tuples = new ArrayList<>();

    /** `senders`: the tasks whose END must come. */
    Ends(Set<Integer> senders) {
        missing = new HashSet<>(senders);
        expected = !senders.isEmpty();
    }

    /** Keeps a duplicate too: the first may belong to a tree that timed out. */
    void take(Tuple end) {
        missing.remove(end.getSourceTask());
        tuples.add(end);
    }

    boolean complete() {
        return expected && missing.isEmpty();
    }

    /** All END tuples kept. */
    List<Tuple> tuples() {
        return tuples;
    }
}

package sferic;

import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Where a topology's events and results go. Safe from any thread. */
interface Events {
    void event(Map<String, Object> event);

    /** Does this end the run, so that the host that said it leaves and is not replaced? */
    static boolean last(Map<String, Object> event) {
        return "error".equals(event.get("event"))
                || "failed".equals(event.get("event")) && "stop".equals(event.get("policy"));
    }

    /**
     * An instance starts; true where all that it had to do was done before, and a source has nothing to do any more.
     * `stateless`: nothing is lost where it is not the first.
     */
    default boolean began(String stage, int rank, boolean source, boolean stateless) {
        return false;
    }

    /**
     * What is wanted of what a PE logs, as a level of Python's logging; 0 where it is all that Python itself lets
     * through, and any number of lines.
     */
    default int level(String pe) {
        return 0;
    }

    /** The END of this source's instance was processed by the whole topology. */
    void finished(String stage, int rank);

    /** Batches of results; returns when they are kept. */
    void results(List<byte[]> batches) throws IOException, InterruptedException;
}

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

    /** Which attempt at the topology this is; 0 where its settings say. */
    default int attempt() {
        return 0;
    }

    /**
     * What is wanted of what a PE logs, as a level of Python's logging; 0 where it is all that Python itself lets
     * through, and any number of lines.
     */
    default int level(String pe) {
        return 0;
    }

    /** A source's instance starts: where. */
    default Begun began(Task task) {
        return Begun.FIRST;
    }

    /** An instance that is no source starts. */
    default void follows(Task task) {}

    /** From now on this instance holds what would be lost with it. Returns when that is noted. */
    default void holdsState(Task task) throws InterruptedException {}

    /** All that this source's instance gave up to here is processed. `token`: as its host wrote it. */
    default void committed(Task task, byte[] token) {}

    /** Somebody is in a later attempt: this one is over. */
    default void overtaken() {}

    /** The first process of an instance is ready; `pe` is the first of its stage. */
    default void ready(String pe) {}

    /** Whoever wants the topology to end may have said so meanwhile: looks now, soon after this returns. */
    default void look() {}

    /**
     * Are the sources of this topology to rest although Storm has them active? One that takes the place of a topology that
     * was paused has to start, and Storm starts nothing that is inactive.
     */
    default boolean rests() {
        return false;
    }

    /** Storm has deactivated the topology: from now on it alone says when sources rest. */
    default void deactivated() {}

    /** The END of this source's instance was processed by the whole topology. */
    void finished(String stage, int rank);

    /** Batches of results; returns when they are kept. */
    void results(List<byte[]> batches) throws IOException, InterruptedException;
}

package sferic;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Runs of this JVM: local ones by the name that `sferic.run` in a topology's configuration says, in a worker of a
 * cluster by the topology's id. Storm makes the components
 * itself, so this is how they find the run they belong to, and how the run finds them. Safe from any thread.
 */
final class Runs {
    /** An instance with a child. */
    interface Member {
        /** A source ends as if it were done; others go on. */
        void stop();

        /** Asks the child to leave. */
        void dismiss();

        /** When this returns the child is no more. */
        void close() throws InterruptedException;
    }

    /** Who sends what has to be acked. */
    interface Sender {
        /** Is there anything that should have been acked by now? */
        boolean late();

        /** What is late is sent again. Returns at once. */
        void again();
    }

    private record Run(Events events, Set<Member> members, Set<Sender> senders, AtomicBoolean stopped) {
        Run(Events events) {
            this(events, ConcurrentHashMap.newKeySet(), ConcurrentHashMap.newKeySet(), new AtomicBoolean());
        }
    }

    private static final int LEFT = 20; // the exit status of a worker that made room for the next attempt
    private static final Map<String, Run> RUNS = new ConcurrentHashMap<>();

    private Runs() {}

    static void open(String name, Events events) {
        RUNS.put(name, new Run(events));
    }

    static Events events(String name) {
        return RUNS.get(name).events();
    }

    /** The run of a worker on a cluster, by the topology's id; opened by its first component. */
    static Events onCluster(String topology, Map<String, Object> config) {
        Run run = RUNS.computeIfAbsent(topology,
                id -> new Run(ClusterEvents.open(id, config, () -> stop(id), () -> leave(id))));
        if (run.events() instanceof ClusterEvents events) {
            events.start(); // not before the run can be found
        }
        return run.events();
    }

    static void join(String name, Member member) {
        Run run = name == null ? null : RUNS.get(name);
        if (run != null) {
            run.members().add(member);
            if (run.stopped().get()) {
                member.stop();
            }
        }
    }

    static void watch(String name, Sender sender) {
        Run run = name == null ? null : RUNS.get(name);
        if (run != null) {
            run.senders().add(sender);
        }
    }

    static boolean late(String name) {
        return RUNS.get(name).senders().stream().anyMatch(Sender::late);
    }

    /** An instance began anew somewhere: what its forerunner had not acked is gone. */
    static void again(String name) {
        RUNS.get(name).senders().forEach(Sender::again);
    }

    /** Members that join later are stopped, too: the request may come while Storm still starts. */
    static void stop(String name) {
        Run run = RUNS.get(name);
        run.stopped().set(true);
        run.members().forEach(Member::stop);
    }

    /** This worker makes room for another one. Returns at once. */
    private static void leave(String name) {
        Thread thread = new Thread(() -> {
            try {
                close(name);
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
            } finally {
                Runtime.getRuntime().halt(LEFT);
            }
        }, "sferic-leave");
        thread.setDaemon(true);
        thread.start();
    }

    /** Ends all children of a run: all are asked before any is waited for. */
    static void close(String name) throws InterruptedException {
        Set<Member> members = RUNS.get(name).members();
        members.forEach(Member::dismiss);
        for (Member member : members) {
            member.close();
        }
    }
}

package sferic;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/**
 * What a child started, found by a mark in its environment, which is inherited whatever parent, group and session it
 * has now. The same marks as runtime/kin.py. Linux; elsewhere a child's group is all that is found.
 */
final class Kin {
    static final String MARK = "SFERIC_KIN";
    private static final Path PROC = Path.of("/proc");
    private static final int ROUNDS = 5;
    private static final long FRESH_MS = 2000;

    /** All that was marked by this process, by mark, when it was looked at. */
    private record Census(long atMs, Map<String, List<Long>> pids) {}

    // Guarded by the class: a look reads all of /proc, and one is enough for all children.
    private static Census census = new Census(Long.MIN_VALUE / 2, Map.of());

    private Kin() {}

    /** For a new child of this process: NAMESPACE:PID:START:ANY. */
    static String mark() {
        long pid = ProcessHandle.current().pid();
        return String.join(":", namespace(), Long.toString(pid), started(Long.toString(pid)),
                UUID.randomUUID().toString());
    }

    /** The processes that have this mark, as they were at most two seconds ago. Of marks of this process only. */
    static synchronized List<Long> of(String mark) {
        long now = System.nanoTime() / 1_000_000;
        if (now - census.atMs > FRESH_MS) {
            String own = mark.substring(0, mark.lastIndexOf(':'));
            Map<String, List<Long>> found = new HashMap<>();
            each((pid, marked) -> {
                if (marked.startsWith(own)) {
                    found.computeIfAbsent(marked, any -> new ArrayList<>()).add(pid);
                }
            });
            census = new Census(now, found);
        }
        return census.pids.getOrDefault(mark, List.of());
    }

    /** Kills all that have this mark. */
    static void end(String mark) {
        kill(mark::equals);
    }

    /** Kills what children of processes that are no more have left on this machine. */
    static void endOrphans() {
        String here = namespace();
        kill(mark -> {
            String[] parts = mark.split(":", 4);
            return parts.length == 4 && parts[0].equals(here) && !started(parts[1]).equals(parts[2]);
        });
    }

    /** Once more while there are any: who is killed may just have started another. */
    private static void kill(Predicate<String> wanted) {
        for (int round = 0; round < ROUNDS; round++) {
            List<Long> found = find(wanted);
            if (found.isEmpty()) {
                return;
            }
            found.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
        }
    }

    private static List<Long> find(Predicate<String> wanted) {
        List<Long> found = new ArrayList<>();
        long self = ProcessHandle.current().pid();
        each((pid, mark) -> {
            if (pid != self && wanted.test(mark)) {
                found.add(pid);
            }
        });
        return found;
    }

    /** Every process with a mark. */
    private static void each(BiConsumer<Long, String> take) {
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[1-9]*")) {
            for (Path process : processes) {
                long pid = Long.parseLong(process.getFileName().toString());
                markOf(process).ifPresent(mark -> take.accept(pid, mark));
            }
        } catch (IOException error) {
            return; // a system without it
        }
    }

    private static Optional<String> markOf(Path process) {
        try {
            String all = new String(Files.readAllBytes(process.resolve("environ")), StandardCharsets.ISO_8859_1);
            for (String each : all.split("\0")) {
                if (each.startsWith(MARK + "=")) {
                    return Optional.of(each.substring(MARK.length() + 1));
                }
            }
            return Optional.empty();
        } catch (IOException error) {
            return Optional.empty(); // it has gone, or is somebody else's
        }
    }

    /** When a process began, in the system's ticks; empty where there is none. */
    private static String started(String pid) {
        try {
            String stat = Files.readString(PROC.resolve(pid).resolve("stat"), StandardCharsets.ISO_8859_1);
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return "ZX".contains(fields[0]) ? "" : fields[19];
        } catch (IOException error) {
            return ""; // there is none, or it went while it was read
        }
    }

    /** Processes in another namespace have other numbers. */
    private static String namespace() {
        try {
            return Files.readSymbolicLink(PROC.resolve("self/ns/pid")).toString().replaceAll("\\D", "");
        } catch (IOException error) {
            return "";
        }
    }
}

package sferic;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;

/**
 * What a child started, found by a mark in its environment, which is inherited whatever parent, group and session it
 * has now. The same marks as runtime/kin.py. Linux; elsewhere a child's group is all that is found.
 */
final class Kin {
    static final String MARK = "SFERIC_KIN";
    private static final Path PROC = Path.of("/proc");
    private static final int ROUNDS = 5;

    private Kin() {}

    /** For a new child of this process: NAMESPACE:PID:START:ANY. */
    static String mark() {
        long pid = ProcessHandle.current().pid();
        return String.join(":", namespace(), Long.toString(pid), started(Long.toString(pid)),
                UUID.randomUUID().toString());
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
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[1-9]*")) {
            for (Path process : processes) {
                long pid = Long.parseLong(process.getFileName().toString());
                if (pid != self && markOf(process).filter(wanted).isPresent()) {
                    found.add(pid);
                }
            }
        } catch (IOException error) {
            return found; // a system without it
        }
        return found;
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

package sferic;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * What a child takes with all that it started, as far as it was seen. Linux; elsewhere the child alone, and no memory.
 * Owned by whoever looks.
 */
final class Family {
    private static final Path PROC = Path.of("/proc");
    private static final long TICKS_A_SECOND = 100; // in /proc, whatever the kernel's own clock does

    /** A process. `cpu`: with that of its children that have left and that it has waited for. */
    private record One(long pid, String start, long parent, Duration cpu, long memory) {}

    private final Process process;
    private final String mark;
    private Map<Long, One> members = Map.of();
    private Duration left = Duration.ZERO; // of members that nobody of the family has waited for
    private Duration cpu = Duration.ZERO;
    private long memory;

    Family(Process process, String mark) {
        this.process = process;
        this.mark = mark;
    }

    /** What they took so far. */
    Duration cpu() {
        return cpu;
    }

    /** Bytes of their resident memory now, 0 when the child has left; -1 where this machine does not say. */
    long memory() {
        return memory;
    }

    /** To be called now and then. */
    void look() {
        if (!process.isAlive()) {
            memory = 0;
            return;
        }
        if (read(process.pid()).isEmpty()) {
            cpu = process.info().totalCpuDuration().orElse(cpu);
            memory = process.isAlive() ? -1 : 0;
            return;
        }
        // Parents first, as a rule: who is waited for meanwhile is missing once, and not counted twice.
        TreeSet<Long> pids = new TreeSet<>(Kin.of(mark));
        pids.add(process.pid());
        Map<Long, One> now = new HashMap<>();
        pids.forEach(pid -> read(pid).ifPresent(one -> now.put(pid, one)));
        for (One before : members.values()) {
            One same = now.get(before.pid);
            if ((same == null || !same.start.equals(before.start)) && !members.containsKey(before.parent)) {
                left = left.plus(before.cpu);
            }
        }
        members = now;
        Duration sum = now.values().stream().map(One::cpu).reduce(left, Duration::plus);
        cpu = sum.compareTo(cpu) > 0 ? sum : cpu;
        memory = now.values().stream().mapToLong(One::memory).sum();
    }

    /** Empty of one that has gone, and of any where there is no /proc. */
    private static Optional<One> read(long pid) {
        Path folder = PROC.resolve(Long.toString(pid));
        try {
            String stat = Files.readString(folder.resolve("stat"), StandardCharsets.ISO_8859_1);
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            long ticks = 0;
            for (int field = 11; field < 15; field++) {
                ticks += Long.parseLong(fields[field]);
            }
            long resident = 0;
            for (String line : Files.readString(folder.resolve("status"), StandardCharsets.ISO_8859_1).split("\n")) {
                resident = line.startsWith("VmRSS:") ? Long.parseLong(line.replaceAll("\\D", "")) << 10 : resident;
            }
            return Optional.of(new One(pid, fields[19], Long.parseLong(fields[1]),
                    Duration.ofMillis(ticks * 1000 / TICKS_A_SECOND), resident));
        } catch (IOException error) {
            return Optional.empty();
        }
    }
}

package sferic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real processes, which say themselves what they have taken. Linux. */
@Timeout(60)
class FamilyTest {
    private static final String HEAD = """
            import os, subprocess, sys, time
            burn = "import time\\nwhile time.process_time() < 0.5: pass\\n"
            def start(text, **how):
                return subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, **how)
            """;
    private final String mark = Kin.mark();
    private Process process;
    private Family family;

    private BufferedReader start(String text) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("python3", "-c", HEAD + text);
        builder.environment().put(Kin.MARK, mark);
        process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        family = new Family(process, mark);
        return process.inputReader();
    }

    @AfterEach
    void end() {
        process.destroyForcibly();
        Kin.end(mark);
    }

    private boolean took(long milliseconds) {
        family.look();
        return family.cpu().compareTo(Duration.ofMillis(milliseconds)) >= 0;
    }

    @Test
    void memoryOfWhatItStartedCountsInWhateverSession() throws Exception {
        BufferedReader said = start("""
                held = start("b = b'x' * (100 << 20)\\nprint(flush=True)\\nimport time; time.sleep(600)", start_new_session=True)
                held.stdout.readline()
                print(flush=True)
                time.sleep(600)
                """);
        said.readLine();
        Fakes.until(() -> {
            family.look();
            return family.memory() > 100L << 20;
        });
        process.destroyForcibly().waitFor();
        family.look();
        assertEquals(0, family.memory());
    }

    @Test
    void whatItHasWaitedForCounts() throws Exception {
        BufferedReader said = start("""
                for _ in range(2):
                    subprocess.run([sys.executable, "-c", burn], check=True)
                print(sum(os.times()[:4]), flush=True)
                time.sleep(600)
                """);
        double own = Double.parseDouble(said.readLine());
        family.look();
        assertTrue(own >= 1, "it has burnt that");
        assertEquals(own, family.cpu().toMillis() / 1000.0, 0.2);
    }

    /** Its parent has left before it, so that nobody of the family hears of its end. /proc leaves parts of ticks out. */
    @Test
    void whatNobodyWaitsForIsNotForgotten() throws Exception {
        BufferedReader said = start("""
                inner = "import os, sys\\nif os.fork(): os._exit(0)\\n" + burn + "print(os.getpid(), flush=True)\\nsys.stdin.read()"
                orphan = start(inner, stdin=subprocess.PIPE)
                orphan.wait()
                print(orphan.stdout.readline().decode(), end="", flush=True)
                input()
                orphan.stdin.close()
                while time.process_time() < 0.5:
                    pass
                print(flush=True)
                time.sleep(600)
                """);
        Path orphan = Path.of("/proc", said.readLine());
        Fakes.until(() -> took(400));
        PrintStream tell = new PrintStream(process.getOutputStream(), true);
        tell.println();
        said.readLine();
        Fakes.until(() -> !Files.exists(orphan));
        assertTrue(took(850), () -> "it is forgotten: " + family.cpu());
    }
}

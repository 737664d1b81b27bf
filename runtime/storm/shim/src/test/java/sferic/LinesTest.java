package sferic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class LinesTest {
    private static List<String> lines(String text) {
        List<String> lines = new ArrayList<>();
        new Lines(lines::add).read(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
        return lines;
    }

    @Test
    void linesAndARest() {
        assertEquals(List.of("one", "", "zwölf", "rest"), lines("one\n\nzwölf\nrest"));
    }

    @Test
    void aLineWithoutEndIsCut() {
        List<String> lines = lines("x".repeat(10_000_000) + "\nnext");
        assertEquals("x".repeat(Lines.LINE_LIMIT) + " …", lines.get(0));
        assertEquals("next", lines.get(1));
    }

    private static final String ONE = "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    f()\n"
            + "ValueError: no";

    @Test
    void aTracebackIsOneText() {
        assertEquals(List.of("before", ONE, "after"), lines("before\n" + ONE + "\nafter\n"));
        assertEquals(List.of(ONE), lines(ONE));
    }

    @Test
    void theErrorsThatItCameOfBelongToIt() {
        String chain = ONE + "\n\nDuring handling of the above exception, another exception occurred:\n\n" + ONE;
        assertEquals(List.of(chain, "after"), lines(chain + "\nafter"));
        String thread = "Exception in thread worker:\n" + ONE;
        assertEquals(List.of("before", thread), lines("before\n" + thread + "\n"));
    }

    @Test
    void whatIsGatheredDoesNotWaitForMore() throws Exception {
        List<String> told = Collections.synchronizedList(new ArrayList<>());
        Lines lines = new Lines(told::add);
        PipedOutputStream child = new PipedOutputStream();
        PipedInputStream pipe = new PipedInputStream(child, 1 << 16);
        Thread reader = new Thread(() -> lines.read(pipe));
        reader.start();
        child.write((ONE + "\n" + "noise\n".repeat(1000)).getBytes(StandardCharsets.UTF_8));
        child.flush();
        child.write((ONE + "\n").getBytes(StandardCharsets.UTF_8));
        child.flush();
        Fakes.until(() -> {
            lines.tick();
            return told.size() > 1 && told.get(told.size() - 1).startsWith("(");
        });
        long hidden = told.stream().filter(line -> line.startsWith("(")).mapToLong(
                line -> Long.parseLong(line.substring(1, line.indexOf(' ')))).sum();
        assertEquals(ONE, told.get(0));
        assertEquals(1008, hidden + told.stream().filter(line -> !line.startsWith("(")).mapToLong(line -> line.lines().count()).sum());
        child.close();
        reader.join();
    }

    @Test
    void hiddenLinesAreCounted() {
        List<String> lines = lines("noise\n".repeat(100_000));
        long shown = lines.stream().filter("noise"::equals).count();
        long hidden = lines.stream().filter(line -> line.startsWith("(")).mapToLong(
                line -> Long.parseLong(line.substring(1, line.indexOf(' ')))).sum();
        assertEquals(100_000, shown + hidden);
        assertTrue(shown < 10_000);
    }
}

package sferic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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

package sferic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.logging.log4j.core.config.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What a worker's log gets, by log4j as workers have it. */
class LogEventsTest {
    /** Remembers entries. */
    private static final class Memory extends AbstractAppender {
        final List<String> entries = new ArrayList<>();

        Memory() {
            super("memory", null, null, false, Property.EMPTY_ARRAY);
        }

        @Override
        public void append(LogEvent event) {
            entries.add(event.getLevel() + " " + event.getLoggerName() + " " + event.getMessage().getFormattedMessage());
        }
    }

    private final Memory memory = new Memory();
    private final LogEvents log = new LogEvents();

    private static Logger root() {
        return (Logger) LogManager.getRootLogger();
    }

    @BeforeEach
    void listen() {
        memory.start();
        root().addAppender(memory);
        Configurator.setRootLevel(Level.INFO);
    }

    @AfterEach
    void leave() {
        root().removeAppender(memory);
        Configurator.setLevel("sferic.pe", (Level) null);
    }

    /** What it did not pass on would be answered as if there were no cluster. */
    @Test
    void whatIsReportedToStormIsAllPassedOn() {
        List<String> own = Arrays.stream(ReportedEvents.class.getDeclaredMethods()).map(Method::getName).toList();
        assertEquals(List.of(), Arrays.stream(Events.class.getDeclaredMethods())
                .filter(method -> !Modifier.isStatic(method.getModifiers())).map(Method::getName)
                .filter(name -> !own.contains(name)).toList());
    }

    private static Map<String, Object> event(String name, Object... more) {
        Map<String, Object> event = new HashMap<>(Map.of("event", name, "stage", "S", "rank", 1, "pe", "c/P"));
        for (int i = 0; i < more.length; i += 2) {
            event.put((String) more[i], more[i + 1]);
        }
        return event;
    }

    @Test
    void pythonsLevelsAreMapped() {
        Configurator.setLevel("sferic.pe.c", Level.ALL);
        for (int level : List.of(5, 10, 15, 20, 25, 30, 40, 50)) {
            log.event(event("log", "level", level, "text", "at " + level));
        }
        log.event(event("print", "text", "printed"));
        assertEquals(List.of("TRACE sferic.pe.c.P c/P[1] at 5", "DEBUG sferic.pe.c.P c/P[1] at 10",
                "DEBUG sferic.pe.c.P c/P[1] at 15", "INFO sferic.pe.c.P c/P[1] at 20", "INFO sferic.pe.c.P c/P[1] at 25",
                "WARN sferic.pe.c.P c/P[1] at 30", "ERROR sferic.pe.c.P c/P[1] at 40",
                "ERROR sferic.pe.c.P c/P[1] at 50", "INFO sferic.pe.c.P c/P[1] printed"), memory.entries);
        Configurator.setLevel("sferic.pe.c", (Level) null);
    }

    @Test
    void theOperatorsLevelIsThePes() {
        assertEquals(20, LogEvents.level("c/P"));
        Configurator.setLevel("sferic.pe.c.P", Level.DEBUG);
        assertEquals(10, LogEvents.level("c/P"));
        assertEquals(20, LogEvents.level("c/Q"));
        Configurator.setLevel("sferic.pe.c.P", Level.ERROR);
        assertEquals(40, LogEvents.level("c/P"));
        log.event(event("log", "level", 30, "text", "not wanted"));
        assertEquals(List.of(), memory.entries);
        Configurator.setLevel("sferic.pe.c.P", (Level) null);
        assertEquals(20, LogEvents.level("c/P"));
    }

    @Test
    void anEntryIsOneWhateverItsTextIs() {
        log.event(event("log", "level", 20, "text", "one\n2026-01-01 00:00:00.000 ERROR forged\n\u001b[2J\r\ttab\n"));
        assertEquals(List.of("INFO sferic.pe.c.P c/P[1] one\n    2026-01-01 00:00:00.000 ERROR forged\n"
                + "    \\x1b[2J\\x0d\ttab"), memory.entries);
    }

    @Test
    void whatBefallsAnInstanceIsALineWithWhatToDo() {
        log.event(event("slow", "pid", 77, "input", 8, "step", 9, "starting", false, "seconds", 60));
        log.event(event("hung", "pid", 77, "input", 0, "step", 0, "starting", true, "seconds", 60));
        log.event(event("died", "pid", 77, "input", 8, "step", 9, "exit", 137, "text", "what it did"));
        log.event(event("lost"));
        log.event(event("failed", "item", "'x'", "error", "ValueError: y", "policy", "dead-letter", "data", "AAAA",
                "traceback", "Traceback\n  File\nValueError: y\n"));
        log.event(event("counts"));
        log.event(event("usage"));
        assertEquals(5, memory.entries.size());
        for (String entry : memory.entries) {
            assertTrue(entry.contains(" sferic.pe.c.P c/P[1] "), entry);
            assertFalse(entry.contains("AAAA") || entry.contains("null"), entry);
        }
        assertTrue(memory.entries.get(0).endsWith("no progress for 60 s at item 9 of input 8. If it should not take so"
                + " long: py-spy dump --pid 77"));
        assertTrue(memory.entries.get(1).contains("in its imports or its preprocess: its process 77 is killed"));
        assertTrue(memory.entries.get(2).startsWith("WARN sferic.pe.c.P c/P[1] its process 77 was killed by signal 9 at"
                + " item 9 of input 8 (what it did). It is replaced"));
        assertTrue(memory.entries.get(3).startsWith("ERROR"));
        assertTrue(memory.entries.get(4).endsWith("failed on 'x': ValueError: y (dead-letter)\n    Traceback\n"
                + "      File\n    ValueError: y"));
        assertEquals(4, memory.entries.stream().filter(entry -> !entry.contains("\n")).count());
    }

    @Test
    void aFloodOfFailuresIsLimitedAndCountedByInstance() throws InterruptedException {
        int failures = 100_000;
        for (int i = 0; i < failures; i++) {
            log.event(event("failed", "item", i, "error", "E", "policy", "skip", "traceback", ""));
        }
        log.event(event("failed", "rank", 2, "item", 0, "error", "E", "policy", "skip", "traceback", ""));
        assertTrue(memory.entries.get(memory.entries.size() - 1).contains("c/P[2] failed on 0"));
        Fakes.until(() -> {
            log.tick();
            return memory.entries.get(memory.entries.size() - 1).contains("more lines were not shown");
        });
        long shown = memory.entries.stream().filter(entry -> entry.contains("c/P[1] failed on")).count();
        long hidden = memory.entries.stream().filter(entry -> entry.contains("more lines")).mapToLong(
                entry -> Long.parseLong(entry.replaceAll(".*\\((\\d+) more.*", "$1"))).sum();
        assertTrue(shown < failures / 10, "" + shown);
        assertEquals(2 * failures, 2 * shown + hidden);
    }

    @Test
    void whatStormIsToldIsNotLoggedAgain() {
        Reported.logOnce();
        org.slf4j.Logger storms = LoggerFactory.getLogger("org.apache.storm.executor.error.ReportError");
        storms.error("Error", new Reported("logged before"));
        assertEquals(List.of(), memory.entries);
        storms.error("Error", new IllegalStateException("Storm's own"));
        assertEquals(1, memory.entries.size());
    }
}

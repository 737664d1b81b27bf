package sferic;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Events of a topology on a cluster go to the worker's log: one entry each, by the logger `sferic.pe.PE`, whose level
 * the operator sets. What floods is limited for each instance, and counted. Safe from any thread.
 */
final class LogEvents {
    static final String LOGGER = "sferic.pe.";
    private static final int PYTHON_DEBUG = 10;
    private static final int PYTHON_INFO = 20;
    private static final int PYTHON_WARNING = 30;
    private static final int PYTHON_ERROR = 40;
    private static final int PYTHON_NOTHING = 60;

    /** An instance's name in the log, and what it may still say. */
    private record Speaker(Logger log, String name, Flood flood) {}

    private final Map<String, Speaker> speakers = new ConcurrentHashMap<>();

    /** One entry of the log, at the level that the event has. */
    void event(Map<String, Object> event) {
        Speaker speaker = speakers.computeIfAbsent(Words.who(event),
                who -> new Speaker(LoggerFactory.getLogger(logger(Words.pe(event))), who, new Flood()));
        switch (String.valueOf(event.get("event"))) {
            case "log", "print" -> say(speaker, level(event.get("level")), String.valueOf(event.get("text")));
            case "counts", "usage" -> { } // `status` and Storm's metrics have them
            case "failed" -> limited(speaker, Level.ERROR, Words.of(event));
            case "error", "lost" -> say(speaker, Level.ERROR, Words.of(event));
            default -> limited(speaker, Level.WARN, Words.of(event));
        }
    }

    private void limited(Speaker speaker, Level level, String text) {
        long now = System.nanoTime() / 1_000_000;
        if (!speaker.log().isEnabledForLevel(level)) {
            return;
        }
        hidden(speaker, speaker.flood().over(now));
        if (speaker.flood().room(1 + (int) text.chars().filter(c -> c == '\n').count(), now)) {
            say(speaker, level, text);
        }
    }

    /** Says how much of a flood that is over was not shown. To be called now and then. */
    void tick() {
        long now = System.nanoTime() / 1_000_000;
        speakers.values().forEach(speaker -> hidden(speaker, speaker.flood().over(now)));
    }

    private static void hidden(Speaker speaker, long lines) {
        if (lines > 0) {
            say(speaker, Level.WARN, Flood.words(lines));
        }
    }

    private static void say(Speaker speaker, Level level, String text) {
        if (speaker.log().isEnabledForLevel(level)) {
            speaker.log().atLevel(level).log("{} {}", speaker.name(), Words.entry(text));
        }
    }

    private static String logger(String pe) {
        return LOGGER + Meters.name(pe);
    }

    private static Level level(Object python) {
        int level = python instanceof Number number ? number.intValue() : PYTHON_INFO;
        return level >= PYTHON_ERROR ? Level.ERROR : level >= PYTHON_WARNING ? Level.WARN
                : level >= PYTHON_INFO ? Level.INFO : level >= PYTHON_DEBUG ? Level.DEBUG : Level.TRACE;
    }

    /** What the operator wants to see of a PE, as a level of Python's logging. */
    static int level(String pe) {
        Logger log = LoggerFactory.getLogger(logger(pe));
        return log.isTraceEnabled() ? 1 : log.isDebugEnabled() ? PYTHON_DEBUG : log.isInfoEnabled() ? PYTHON_INFO
                : log.isWarnEnabled() ? PYTHON_WARNING : log.isErrorEnabled() ? PYTHON_ERROR : PYTHON_NOTHING;
    }
}

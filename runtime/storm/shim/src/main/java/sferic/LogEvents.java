package sferic;

import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Events of a topology on a cluster go to the worker's log. */
final class LogEvents {
    private static final Logger LOG = LoggerFactory.getLogger(LogEvents.class);
    private static final int PYTHON_WARNING = 30;
    private static final int PYTHON_ERROR = 40;
    private static final int PYTHON_INFO = 20;

    private LogEvents() {}

    /** One entry of the log, at the level that the event has. */
    static void event(Map<String, Object> event) {
        String name = String.valueOf(event.get("event"));
        if (event.get("data") != null) {
            Map<String, Object> bare = new LinkedHashMap<>(event);
            bare.remove("data"); // an item may be large, and is none of a log's business
            event(bare);
            return;
        }
        switch (name) {
            case "log" -> log(event);
            case "print" -> LOG.info("{}[{}] {}", event.get("pe"), event.get("rank"), event.get("text"));
            case "counts" -> LOG.debug("{}", Json.text(event));
            case "failed", "lost" -> LOG.error("{}", text(event));
            case "error" -> LOG.error("{}", Json.text(event));
            default -> LOG.warn("{}", Json.text(event));
        }
    }

    /** In words; a failure with the user's traceback. Never empty. */
    static String text(Map<String, Object> event) {
        return switch (String.valueOf(event.get("event"))) {
            case "failed" -> failure(event);
            case "died" -> (event.get("pe") + "[" + event.get("rank") + "]: its process " + event.get("pid") + " "
                    + Deaths.ending(((Number) event.get("exit")).intValue()) + " and is replaced. " + event.get("text"))
                            .strip();
            case "lost" -> event.get("stage") + "[" + event.get("rank") + "]: its state is lost";
            default -> event.containsKey("text") ? String.valueOf(event.get("text")) : Json.text(event);
        };
    }

    private static String failure(Map<String, Object> event) {
        return event.get("pe") + "[" + event.get("rank") + "] failed on " + event.get("item") + ": " + event.get("error")
                + " (" + event.get("policy") + ")\n" + event.get("traceback");
    }

    private static void log(Map<String, Object> event) {
        int level = event.get("level") instanceof Number number ? number.intValue() : PYTHON_INFO;
        Object pe = event.get("pe");
        Object rank = event.get("rank");
        Object text = event.get("text");
        if (level >= PYTHON_ERROR) {
            LOG.error("{}[{}] {}", pe, rank, text);
        } else if (level >= PYTHON_WARNING) {
            LOG.warn("{}[{}] {}", pe, rank, text);
        } else if (level >= PYTHON_INFO) {
            LOG.info("{}[{}] {}", pe, rank, text);
        } else {
            LOG.debug("{}[{}] {}", pe, rank, text);
        }
    }
}

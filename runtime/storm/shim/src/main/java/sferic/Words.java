package sferic;

import java.util.Map;

/** Events in words, for who reads a worker's log: what, where, and what to do. */
final class Words {
    private static final String FURTHER = "\n    ";

    private Words() {}

    /** The PE an event is about; of a process that has several, its stage. */
    static String pe(Map<String, Object> event) {
        Object pe = event.get("pe");
        return String.valueOf(pe == null ? event.get("stage") : pe);
    }

    /** As `Prime[0]`. */
    static String who(Map<String, Object> event) {
        return pe(event) + "[" + event.get("rank") + "]";
    }

    /** Without the name of the instance. What has no words of its own is shown as it is, without the item's bytes. */
    static String of(Map<String, Object> event) {
        return switch (String.valueOf(event.get("event"))) {
            case "failed" -> failed(event);
            case "died" -> "its process " + event.get("pid") + " " + Deaths.ending(number(event.get("exit"))) + at(event)
                    + why(event) + ". It is replaced, and the next one gets what it had not answered; an item at which"
                    + " two die fails";
            case "slow" -> "no progress for " + event.get("seconds") + " s" + at(event) + stuck(event)
                    + ". If it should not take so long: py-spy dump --pid " + event.get("pid");
            case "hung" -> "no progress for " + event.get("seconds") + " s" + at(event) + stuck(event)
                    + ": its process " + event.get("pid") + " is killed and replaced. If it may take longer, set the"
                    + " PE's hang_timeout";
            case "lost" -> "its state is lost, with its process or its worker: what it had gathered is missing from what"
                    + " it will say. A finite topology begins again by that, once";
            case "replayed" -> "a batch of it was not processed in time or failed on its way, and is sent again";
            default -> event.containsKey("text") ? String.valueOf(event.get("text")) : Json.text(event);
        };
    }

    private static String failed(Map<String, Object> event) {
        boolean letter = "dead-letter".equals(event.get("policy"));
        String then = letter ? event.get("data") == null ? "dead-letter, without the item: no codec takes it, or it is"
                + " too large" : "dead-letter" : String.valueOf(event.get("policy"));
        return "failed on " + event.get("item") + ": " + event.get("error") + " (" + then + ")\n"
                + event.get("traceback");
    }

    private static String at(Map<String, Object> event) {
        int step = number(event.get("step"));
        return step == 0 ? "" : " at item " + step + " of input " + event.get("input");
    }

    private static String stuck(Map<String, Object> event) {
        return Boolean.TRUE.equals(event.get("starting")) ? ", in its imports or its preprocess" : "";
    }

    private static String why(Map<String, Object> event) {
        String text = String.valueOf(event.getOrDefault("text", ""));
        return text.isEmpty() ? "" : " (" + text + ")";
    }

    private static int number(Object given) {
        return given instanceof Number number ? number.intValue() : 0;
    }

    /**
     * As an entry of the log: further lines are indented, so that no text can look like an entry of its own, and
     * characters that steer a terminal are spelt out.
     */
    static String entry(String text) {
        StringBuilder entry = new StringBuilder(text.length() + 64);
        text.stripTrailing().chars().forEach(c -> {
            if (c == '\n') {
                entry.append(FURTHER);
            } else if (Character.isISOControl(c) && c != '\t') {
                entry.append("\\x%02x".formatted(c));
            } else {
                entry.append((char) c);
            }
        });
        return entry.toString();
    }
}

package sferic;

import java.util.List;

/** Gathers the lines of a Python traceback, with those of the errors it came of. Guarded by who has it. */
final class Traceback {
    static final String FIRST = "Traceback (most recent call last):";
    private static final List<String> LINKS = List.of(
            "During handling of the above exception, another exception occurred:",
            "The above exception was the direct cause of the following exception:");

    private final StringBuilder text = new StringBuilder();
    // Has the line come that says what was raised?
    private boolean raised;

    /** Where `line` begins one, it is taken. */
    boolean begins(String line) {
        if (!line.equals(FIRST) && !line.startsWith("Exception in thread ") && !line.stripLeading().startsWith("+ Exception Group")) {
            return false;
        }
        text.append(line);
        raised = false;
        return true;
    }

    /** Takes a line that belongs to the one that has begun. */
    boolean takes(String line) {
        if (text.isEmpty() || raised && !(line.isEmpty() || LINKS.contains(line) || line.equals(FIRST))) {
            return false;
        }
        boolean inside = line.isEmpty() || line.startsWith(" ") || line.equals(FIRST) || LINKS.contains(line);
        raised = !inside || raised && !line.equals(FIRST);
        text.append('\n').append(line);
        return true;
    }

    int size() {
        return text.length();
    }

    /** What was gathered; null where nothing was. */
    String end() {
        if (text.isEmpty()) {
            return null;
        }
        String gathered = text.toString().stripTrailing();
        text.setLength(0);
        return gathered;
    }
}

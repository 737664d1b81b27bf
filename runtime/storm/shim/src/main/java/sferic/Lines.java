package sferic;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** A child's stderr in lines; a flood is limited and counted. Used by one reader thread. */
final class Lines {
    static final int LINE_LIMIT = 8192;
    static final int LINES_A_SECOND = 200;

    private final Consumer<String> sink;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private long second;
    private int shown;
    private long hidden;
    private boolean cut;

    Lines(Consumer<String> sink) {
        this.sink = sink;
    }

    void read(InputStream in) {
        byte[] chunk = new byte[LINE_LIMIT];
        try {
            for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
                for (int i = 0; i < count; i++) {
                    add(chunk[i]);
                }
            }
        } catch (IOException error) {
            line.writeBytes(("(stderr: " + error.getMessage() + ")").getBytes(StandardCharsets.UTF_8));
        }
        if (line.size() > 0) {
            show();
        }
        tellHidden();
    }

    private void add(byte next) {
        if (next == '\n') {
            show();
            cut = false;
        } else if (line.size() < LINE_LIMIT) {
            line.write(next);
        } else if (!cut) {
            cut = true;
            line.writeBytes(" …".getBytes(StandardCharsets.UTF_8));
        }
    }

    private void show() {
        long now = System.nanoTime() / 1_000_000_000L;
        if (now != second) {
            second = now;
            shown = 0;
            tellHidden();
        }
        if (shown < LINES_A_SECOND) {
            shown++;
            sink.accept(line.toString(StandardCharsets.UTF_8));
        } else {
            hidden++;
        }
        line.reset();
    }

    private void tellHidden() {
        if (hidden > 0) {
            sink.accept("(" + hidden + " more lines were not shown: more than " + LINES_A_SECOND + " a second)");
            hidden = 0;
        }
    }
}

package sferic;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * A child's stderr in lines, a traceback as one text; a flood is limited and counted. Written to by one reader thread;
 * `lock` guards the fields, since a timer tells what waits when no more comes.
 */
final class Lines {
    static final int LINE_LIMIT = 8192;
    private static final int TEXT_LIMIT = 64 << 10;
    private static final long PATIENCE_MS = 300;

    private final Consumer<String> sink;
    private final ReentrantLock lock = new ReentrantLock();
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private final Traceback traceback = new Traceback();
    private final Flood flood = new Flood();
    private boolean cut;
    private long heardMs;

    Lines(Consumer<String> sink) {
        this.sink = sink;
    }

    void read(InputStream in) {
        byte[] chunk = new byte[LINE_LIMIT];
        try {
            for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
                take(chunk, count);
            }
        } catch (IOException error) {
            line.writeBytes(("(stderr: " + error.getMessage() + ")").getBytes(StandardCharsets.UTF_8));
        }
        lock.lock();
        try {
            if (line.size() > 0) {
                end();
            }
            show(traceback.end());
            tellHidden(flood.rest());
        } finally {
            lock.unlock();
        }
    }

    /** From a timer, now and then: tells what waits for lines that do not come. Never waits itself. */
    void tick() {
        if (lock.tryLock()) {
            try {
                if (now() - heardMs >= PATIENCE_MS) {
                    show(traceback.end());
                }
                tellHidden(flood.over(now()));
            } finally {
                lock.unlock();
            }
        }
    }

    private static long now() {
        return System.nanoTime() / 1_000_000;
    }

    private void take(byte[] chunk, int count) {
        lock.lock();
        try {
            heardMs = now();
            for (int i = 0; i < count; i++) {
                add(chunk[i]);
            }
        } finally {
            lock.unlock();
        }
    }

    private void add(byte next) {
        if (next == '\n') {
            end();
            cut = false;
        } else if (line.size() < LINE_LIMIT) {
            line.write(next);
        } else if (!cut) {
            cut = true;
            line.writeBytes(" …".getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Of a line. */
    private void end() {
        String text = line.toString(StandardCharsets.UTF_8);
        line.reset();
        if (traceback.takes(text)) {
            if (traceback.size() >= TEXT_LIMIT) {
                show(traceback.end());
            }
            return;
        }
        show(traceback.end());
        if (traceback.begins(text)) {
            return;
        }
        show(text);
    }

    private void show(String text) {
        if (text == null) {
            return;
        }
        tellHidden(flood.over(now()));
        if (flood.room(1 + (int) text.chars().filter(c -> c == '\n').count(), now())) {
            sink.accept(text);
        }
    }

    private void tellHidden(long hidden) {
        if (hidden > 0) {
            sink.accept(Flood.words(hidden));
        }
    }
}

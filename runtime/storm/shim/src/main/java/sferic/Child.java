package sferic;

import java.io.File;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** One process that runs one instance of one stage, on pipes. */
final class Child {
    /** Called from the child's reader threads. */
    interface Listener {
        void frame(Child child, Frame frame) throws FrameException;

        /** Once, when no more frames will come. `why` is empty where the pipe simply ended. */
        void gone(Child child, String why);

        void line(String text);
    }

    private static final long GRACE_MS = 2000;
    private static final long KILL_MS = 500;

    private final Process process;
    private final String mark;
    private final Family family;
    private final Page page;
    private final FrameWriter writer;
    private final Counted output;
    private final Listener listener;
    private final AtomicBoolean gone = new AtomicBoolean();
    // Set once, before anybody else sees this.
    private Thread errors;
    private Lines lines;

    private Child(Process process, String mark, Page page, Listener listener) {
        this.process = process;
        this.mark = mark;
        this.family = new Family(process, mark);
        this.page = page;
        this.listener = listener;
        this.writer = new FrameWriter(process.getOutputStream());
        this.output = new Counted(process.getInputStream());
    }

    static Child start(Settings settings, String name, Listener listener) throws IOException {
        Page page = Page.create(settings.folder());
        ProcessBuilder builder = new ProcessBuilder(settings.command());
        Map<String, String> env = builder.environment();
        if (settings.without() != null) {
            env.keySet().removeIf(variable -> variable.startsWith(settings.without()));
        }
        env.putAll(settings.env());
        String mark = Kin.mark();
        env.put(Kin.MARK, mark);
        Process process;
        try {
            process = builder.start();
        } catch (IOException error) {
            page.delete();
            throw error;
        }
        Child child = new Child(process, mark, page, listener);
        FrameReader reader = new FrameReader(child.output, settings.frameLimit());
        child.thread(name + "-out", () -> child.readFrames(reader));
        Lines lines = new Lines(listener::line);
        child.lines = lines;
        child.errors = child.thread(name + "-err", () -> lines.read(process.getErrorStream()));
        // A grandchild may hold the pipe open: the exit counts too, a little later.
        process.onExit().thenRunAsync(() -> child.end("its pipe was still open after it had left"),
                CompletableFuture.delayedExecutor(KILL_MS, TimeUnit.MILLISECONDS));
        return child;
    }

    private Thread thread(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void readFrames(FrameReader reader) {
        String why = "";
        try {
            for (Frame frame = reader.read(); frame != null; frame = reader.read()) {
                listener.frame(this, frame);
            }
        } catch (FrameException error) {
            why = error.getMessage();
            kill();
        } catch (IOException error) {
            why = gone.get() ? "" : String.valueOf(error.getMessage());
        }
        end(why);
    }

    private void end(String why) {
        if (gone.compareAndSet(false, true)) {
            listener.gone(this, why);
        }
    }

    long pid() {
        return process.pid();
    }

    /** What it takes, with all that it started. From the instance's timer. */
    Family family() {
        return family;
    }

    /** To be called now and then. */
    void tick() {
        lines.tick();
    }

    /** How many bytes of its frames came. From any thread. */
    long taken() {
        return output.taken();
    }

    Page page() {
        return page;
    }

    void write(int type, List<byte[]> parts) throws IOException {
        writer.write(type, 0, parts);
    }

    /** Ends the child, what it started, and its process group. */
    void kill() {
        List<ProcessHandle> descendants = process.descendants().toList();
        process.destroyForcibly();
        killGroup();
        descendants.forEach(ProcessHandle::destroyForcibly);
        Kin.end(mark);
    }

    /** The group outlives its leader, so this works on what a dead child left, too. */
    private void killGroup() {
        try {
            new ProcessBuilder("/bin/sh", "-c", "kill -s KILL -- -" + process.pid())
                    .redirectErrorStream(true)
                    .redirectOutput(new File("/dev/null"))
                    .start()
                    .waitFor(KILL_MS, TimeUnit.MILLISECONDS);
        } catch (IOException error) {
            listener.line("cannot kill the process group of " + process.pid() + ": " + error.getMessage());
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }

    /** Exit status (128 + signal where one killed it) of a child that is gone; clears up after it. */
    int bury() throws IOException, InterruptedException {
        if (!process.waitFor(KILL_MS, TimeUnit.MILLISECONDS)) {
            kill();
            process.waitFor();
        } else {
            killGroup();
            Kin.end(mark);
        }
        page.delete();
        return process.exitValue();
    }

    /** Asks the child to leave by ending its input. Returns at once. */
    void dismiss() {
        gone.set(true);
        // Closing flushes, and waits for whoever writes to a child that does not read.
        thread("sferic-dismiss-" + process.pid(), () -> {
            try {
                process.getOutputStream().close();
            } catch (IOException error) {
                process.destroy();
            }
        });
    }

    /** To the end of what a child that is gone said on stderr; a grandchild that holds the pipe is not waited for. */
    void listen() throws InterruptedException {
        errors.join(KILL_MS);
    }

    /** After dismiss: waits, then insists. */
    void close() throws InterruptedException {
        List<ProcessHandle> descendants = process.descendants().toList();
        if (!process.waitFor(GRACE_MS, TimeUnit.MILLISECONDS)) {
            process.destroy();
            process.waitFor(KILL_MS, TimeUnit.MILLISECONDS);
        }
        if (process.isAlive()) {
            process.destroyForcibly(); // of one that is gone it would only cut off what is still to be read
        }
        killGroup();
        descendants.forEach(ProcessHandle::destroyForcibly);
        Kin.end(mark);
        listen();
        try {
            page.delete();
        } catch (IOException error) {
            listener.line("cannot remove " + page.path() + ": " + error.getMessage());
        }
    }
}

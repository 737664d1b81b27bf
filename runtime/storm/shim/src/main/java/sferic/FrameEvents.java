package sferic;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;

/** Events of a local run go as frames to the command that started it. */
final class FrameEvents implements Events {
    private final FrameWriter out;
    private final Runnable broken;
    // Guarded by this.
    private int unfinished;
    private final Runnable allFinished;

    /** `sources`: how many instances must end; `broken` runs when nobody reads any more. */
    FrameEvents(OutputStream out, int sources, Runnable allFinished, Runnable broken) {
        this.out = new FrameWriter(out);
        this.unfinished = sources;
        this.allFinished = allFinished;
        this.broken = broken;
    }

    @Override
    public void event(Map<String, Object> event) {
        if (!"usage".equals(event.get("event"))) { // nobody asked for it
            send(Frames.EVENT, event);
        }
    }

    void state(String state) {
        send(Frames.STATE, Map.of("state", state));
    }

    @Override
    public void finished(String stage, int rank) {
        synchronized (this) {
            unfinished--;
            if (unfinished != 0) {
                return;
            }
        }
        allFinished.run();
    }

    @Override
    public void results(List<byte[]> batches) throws IOException {
        for (byte[] batch : batches) {
            out.write(Frames.RESULT, batch);
        }
    }

    private void send(int type, Map<String, Object> object) {
        try {
            out.write(type, Json.bytes(object));
        } catch (IOException error) {
            broken.run();
        }
    }
}

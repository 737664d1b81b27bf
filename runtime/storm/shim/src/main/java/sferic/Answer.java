package sferic;

import java.util.List;

/** Body of ANSWER. */
record Answer(long[] inputs, List<Emit> emits, boolean finished) {
    static Answer read(Frame frame) throws FrameException {
        Body body = new Body(frame.body());
        long[] inputs = body.numbers();
        List<Emit> emits = body.emits();
        body.end();
        return new Answer(inputs, emits, (frame.flags() & Frames.FINISHED) != 0);
    }
}

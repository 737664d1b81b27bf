package sferic;

import java.util.List;

/** Body of EMIT. Group 0 is anchored to nothing. */
record Group(long number, byte[] token, List<Emit> emits) {
    static Group read(Frame frame) throws FrameException {
        Body body = new Body(frame.body());
        long number = body.number();
        byte[] token = body.bytes();
        List<Emit> emits = body.emits();
        body.end();
        return new Group(number, token, emits);
    }
}

package sferic;

import java.io.IOException;

/** Bytes that are not what docs/frames.md says; their sender cannot be trusted any more. */
final class FrameException extends IOException {
    private static final long serialVersionUID = 1L;

    FrameException(String message) {
        super(message);
    }
}

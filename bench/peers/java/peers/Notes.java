package peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Files that the harness reads; each appears whole. */
final class Notes {
    private Notes() {
    }

    /** Nanoseconds of the day's clock, as Python's time.time_ns(). */
    static long now() {
        return ChronoUnit.NANOS.between(Instant.EPOCH, Instant.now());
    }

    static void time(Path folder, String name) {
        text(folder, name, Long.toString(now()));
    }

    static void text(Path folder, String name, String text) {
        try {
            Path part = folder.resolve("." + name);
            Files.writeString(part, text);
            Files.move(part, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}

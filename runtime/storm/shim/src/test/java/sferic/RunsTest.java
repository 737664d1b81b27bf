package sferic;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RunsTest {
    private static Runs.Member counting(AtomicInteger stops) {
        return new Runs.Member() {
            @Override
            public void stop() {
                stops.incrementAndGet();
            }

            @Override
            public void dismiss() {}

            @Override
            public void close() {}
        };
    }

    @Test
    void aStopReachesMembersThatJoinAfterIt() {
        AtomicInteger early = new AtomicInteger();
        AtomicInteger late = new AtomicInteger();
        Runs.open("stopped early", new Fakes.Sink());
        Runs.join("stopped early", counting(early));
        assertEquals(0, early.get());
        Runs.stop("stopped early");
        Runs.join("stopped early", counting(late));
        assertEquals(1, early.get());
        assertEquals(1, late.get());
    }

    @Test
    void aRunThatWasNotStoppedStopsNobody() {
        AtomicInteger stops = new AtomicInteger();
        Runs.open("goes on", new Fakes.Sink());
        Runs.join("goes on", counting(stops));
        assertEquals(0, stops.get());
    }
}

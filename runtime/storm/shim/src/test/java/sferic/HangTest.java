package sferic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HangTest {
    private static final Stage STAGE = Stage.read("s", Map.of("pes", List.of(
            Map.of("path", "a", "hang", 100, "policy", "stop"),
            Map.of("path", "b", "policy", "stop", "source", true),
            Map.of("path", "c", "policy", "stop"))), Duration.ofSeconds(10));
    private static final long WAITING = 2;
    @TempDir
    Path folder;
    private final Hang hang = new Hang(STAGE, Duration.ofSeconds(3));
    private boolean heldUp;
    private long bytes;
    private final List<Long> slow = new ArrayList<>();

    private static void put(Page page, long input, long pe, long step, long state) throws IOException {
        ByteBuffer data = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
        data.putLong(input).putLong(pe).putLong(step).putLong(state);
        try (RandomAccessFile file = new RandomAccessFile(page.path().toFile(), "rw")) {
            file.write(data.array());
        }
    }

    private boolean look(Page page, long frames, boolean outstanding, long second) {
        return hang.look(page, new Hang.Known(frames, bytes, outstanding, heldUp), second * 1000, slow::add);
    }

    @Test
    void standingStillAtAnItem() throws IOException {
        Page page = Page.create(folder);
        put(page, 1, 2, 3, Page.WORKING);
        assertFalse(look(page, 0, true, 0));
        assertFalse(look(page, 0, true, 4));
        assertFalse(look(page, 0, true, 9));
        assertTrue(look(page, 0, true, 10));
        assertEquals(List.of(4L), slow);
    }

    @Test
    void everyStepIsProgress() throws IOException {
        Page page = Page.create(folder);
        for (int step = 0; step < 40; step++) {
            put(page, 1, 2, step, Page.WORKING);
            assertFalse(look(page, 0, true, step));
        }
        for (int frame = 0; frame < 40; frame++) {
            assertFalse(look(page, frame, true, 40 + frame));
        }
        assertEquals(List.of(), slow);
    }

    @Test
    void waitingNeverCounts() throws IOException {
        Page page = Page.create(folder);
        put(page, 1, 2, 3, WAITING);
        for (int second = 0; second < 100; second++) {
            assertFalse(look(page, 0, true, second));
        }
    }

    @Test
    void whoHandsOverWaitsAsLongAsNobodyReads() throws IOException {
        Page page = Page.create(folder);
        put(page, 1, 2, 3, Page.HANDING);
        heldUp = true;
        for (int second = 0; second < 100; second++) {
            assertFalse(look(page, 0, true, second));
        }
        heldUp = false;
        assertFalse(look(page, 0, true, 108));
        assertTrue(look(page, 0, true, 109));
    }

    @Test
    void whatComesFromWhoHandsOverIsProgressAndFromWhoWorksIsNot() throws IOException {
        Page page = Page.create(folder);
        put(page, 1, 2, 3, Page.HANDING);
        for (int second = 0; second < 100; second++) {
            bytes++;
            assertFalse(look(page, 0, true, second));
        }
        put(page, 1, 2, 3, Page.WORKING);
        assertFalse(look(page, 0, true, 100));
        bytes++;
        assertTrue(look(page, 0, true, 110));
    }

    @Test
    void idleCountsOnlyWhereItOwesAnAnswer() throws IOException {
        Page page = Page.create(folder);
        put(page, 0, 2, 0, Page.IDLE);
        for (int second = 0; second < 100; second++) {
            assertFalse(look(page, 0, false, second));
        }
        assertFalse(look(page, 0, true, 108));
        assertTrue(look(page, 0, true, 110));
    }

    @Test
    void whatNobodyTakesFromItIsNotItsFault() throws IOException {
        Page page = Page.create(folder);
        put(page, 1, 2, 3, Page.WORKING);
        heldUp = true;
        for (int second = 0; second < 100; second++) {
            assertFalse(look(page, 0, true, second));
        }
        heldUp = false;
        assertFalse(look(page, 0, true, 108));
        assertTrue(look(page, 0, true, 109));
    }

    @Test
    void eachPeHasItsOwnLimit() throws IOException {
        Page page = Page.create(folder);
        put(page, 1, 0, 3, Page.WORKING);
        assertFalse(look(page, 0, true, 0));
        assertFalse(look(page, 0, true, 99));
        assertTrue(look(page, 0, true, 100));
    }

    @Test
    void aSourceMayWaitForItsData() throws IOException {
        Page page = Page.create(folder);
        put(page, 0, 1, 3, Page.WORKING);
        for (int second = 0; second < 1000; second++) {
            assertFalse(look(page, 0, true, second));
        }
        assertEquals(List.of(), slow);
    }

    @Test
    void theStartCountsWithTheLongestLimit() throws IOException {
        Page page = Page.create(folder);
        put(page, 0, 1, 0, Page.STARTING);
        assertFalse(look(page, 0, true, 0));
        assertFalse(look(page, 0, true, 99));
        assertTrue(look(page, 0, true, 100));
        assertEquals(List.of(99L), slow);
    }

    @Test
    void oneIsKilledOnceThoughItsEndTakesAWhile() throws IOException {
        Page page = Page.create(folder);
        put(page, 1, 2, 3, Page.WORKING);
        look(page, 0, true, 0);
        assertTrue(look(page, 0, true, 10));
        assertFalse(look(page, 0, true, 11));
        put(page, 1, 2, 4, Page.WORKING);
        assertFalse(look(page, 0, true, 12));
        assertFalse(look(page, 0, true, 99));
        Page next = Page.create(folder);
        put(next, 1, 2, 3, Page.WORKING);
        assertFalse(look(next, 0, true, 100));
        assertTrue(look(next, 0, true, 110));
    }

    @Test
    void aNewChildBeginsAnew() throws IOException {
        Page page = Page.create(folder);
        put(page, 1, 2, 3, Page.WORKING);
        look(page, 0, true, 0);
        Page next = Page.create(folder);
        put(next, 1, 2, 3, Page.WORKING);
        assertFalse(look(next, 0, true, 11));
        assertTrue(look(next, 0, true, 21));
    }
}

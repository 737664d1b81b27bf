package sferic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class DeathsTest {
    private final Deaths deaths = new Deaths();

    @Test
    void howItEnded() {
        assertEquals("exited with status 3", Deaths.ending(3));
        assertEquals("was killed by signal 9", Deaths.ending(137));
        assertEquals("exited with status 255", Deaths.ending(255));
    }

    private String died(long input, long step, long second) {
        return deaths.died(new Page.Place(input, 0, step), true, second * 1000);
    }

    @Test
    void theSamePlaceTwiceIsPoison() {
        died(4, 1, 0);
        died(4, 2, 1);
        died(0, 0, 2);
        died(0, 0, 3);
        assertEquals(List.of(), deaths.poison());
        died(4, 1, 4);
        assertEquals(List.of(List.of(4L, 0L, 1L)), deaths.poison());
        deaths.forget(4);
        assertEquals(List.of(), deaths.poison());
    }

    @Test
    void oneInputMayNotKillForEver() {
        for (int step = 0; step < Deaths.PER_INPUT; step++) {
            assertNull(died(4, step, step));
            assertFalse(deaths.tooMany(4));
        }
        assertNull(died(4, 99, 99));
        assertTrue(deaths.tooMany(4));
        deaths.forget(4);
        assertFalse(deaths.tooMany(4));
    }

    @Test
    void tooManyWithinAMinute() {
        for (int i = 0; i < Deaths.BUDGET; i++) {
            assertNull(died(i, 1, i));
        }
        assertNotNull(died(100, 1, 30));
        assertNull(died(101, 1, 300));
    }

    @Test
    void delaysDoubleUntilThereIsProgress() {
        assertEquals(100, deaths.nextDelay());
        assertEquals(200, deaths.nextDelay());
        for (int i = 0; i < 10; i++) {
            deaths.nextDelay();
        }
        assertEquals(5000, deaths.nextDelay());
        deaths.progress();
        assertEquals(100, deaths.nextDelay());
    }
}

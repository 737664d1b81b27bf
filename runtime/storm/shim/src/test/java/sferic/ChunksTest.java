package sferic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ChunksTest {
    private final Memory memory = new Memory();

    private Chunks chunks(long most) {
        return new Chunks(memory, "p.", new byte[] {7}, new Kept(memory, most, Integer.MAX_VALUE));
    }

    private List<String> results() throws IOException {
        List<String> found = new ArrayList<>();
        for (Map.Entry<String, byte[]> blob : memory.blobs.entrySet()) {
            if (blob.getKey().startsWith("p.results.")) {
                FrameReader reader = new FrameReader(new ByteArrayInputStream(blob.getValue()), 1 << 30);
                for (Frame frame = reader.read(); frame != null; frame = reader.read()) {
                    assertEquals(Frames.RESULT, frame.type());
                    found.add(Fakes.payload(frame.body()));
                }
            }
        }
        return found;
    }

    private static List<byte[]> batches(String... payloads) {
        return Arrays.stream(payloads).map(Fakes::batch).toList();
    }

    @Test
    void keysAreInTheOrderOfTheResults() throws Exception {
        Chunks chunks = chunks(Kept.ALL);
        chunks.keep(1, batches("a", "b"));
        chunks.keep(1, batches("c"));
        assertEquals(List.of("a", "b", "c"), results());
        assertArrayEquals(new byte[] {7}, memory.blobs.get("p.about"));
        assertEquals(List.of("2", "1"), memory.blobs.keySet().stream().filter(key -> key.startsWith("p.results.1."))
                .map(key -> key.split("\\.")[5]).toList());
    }

    private List<String> chunksOfResults() {
        return memory.list("p.results.");
    }

    private Chunks withoutGaps(Kept kept) {
        return new Chunks(memory, "p.", new byte[0], kept, 0);
    }

    private static void keepEach(Chunks chunks, int from, int to) throws IOException, InterruptedException {
        for (int number = from; number < to; number++) {
            chunks.keep(1, batches(String.valueOf(number)));
        }
    }

    private static List<String> numbers(int to) {
        return IntStream.range(0, to).mapToObj(String::valueOf).toList();
    }

    @Test
    void whereManyAreTheLastOneGrows() throws Exception {
        Chunks chunks = withoutGaps(new Kept(memory, Kept.ALL, Integer.MAX_VALUE));
        keepEach(chunks, 0, 5000); // 49 to 52 bytes each
        assertEquals(numbers(5000), results());
        assertEquals(Chunks.SMALL_CHUNKS + 2, chunksOfResults().size());
        assertEquals(2, chunksOfResults().stream().filter(key -> key.endsWith(".grows")).count());
        String large = "x".repeat(Chunks.GROWN_BYTES);
        chunks.keep(1, batches(large));
        chunks.keep(1, batches(large));
        assertEquals(Chunks.SMALL_CHUNKS + 4, chunksOfResults().size());
        assertEquals(5002, results().size());
    }

    @Test
    void whoTakesOneThatGrowsIsNotGivenItAgain() throws Exception {
        Chunks chunks = withoutGaps(new Kept(memory, Kept.ALL, Integer.MAX_VALUE));
        keepEach(chunks, 0, Chunks.SMALL_CHUNKS + 2);
        memory.blobs.keySet().removeIf(key -> key.startsWith("p.results."));
        keepEach(chunks, 0, 2);
        assertEquals(List.of("0", "1"), results());
        assertEquals(1, chunksOfResults().size());
    }

    @Test
    void whatMayBeDroppedNeverGrows() throws Exception {
        Chunks chunks = withoutGaps(new Kept(memory, Kept.ALL, Chunks.SMALL_CHUNKS + 10));
        keepEach(chunks, 0, Chunks.SMALL_CHUNKS + 10);
        assertEquals(Chunks.SMALL_CHUNKS + 10, chunksOfResults().size());
    }

    @Test
    void anotherWriterNeverWritesIntoTheChunkOfOneBefore() throws Exception {
        keepEach(withoutGaps(new Kept(memory, Kept.ALL, Integer.MAX_VALUE)), 0, Chunks.SMALL_CHUNKS + 2);
        List<String> before = chunksOfResults();
        keepEach(withoutGaps(new Kept(memory, Kept.ALL, Integer.MAX_VALUE)), 0, Chunks.SMALL_CHUNKS + 2);
        assertEquals(2 * before.size(), chunksOfResults().size());
        assertTrue(chunksOfResults().containsAll(before));
    }

    @Test
    void aLimitKeepsTheNewestAndCountsTheOthers() throws Exception {
        Kept kept = new Kept(memory, 200, Integer.MAX_VALUE);
        Chunks chunks = new Chunks(memory, "p.", new byte[0], kept);
        for (String payload : List.of("a", "b", "c", "d", "e", "f")) {
            chunks.keep(1, batches(payload));
        }
        assertEquals(List.of("c", "d", "e", "f"), results()); // 49 bytes each
        assertEquals(2, kept.dropped());
        chunks.keep(1, batches("x".repeat(200)));
        assertEquals(List.of("c", "d", "e", "f"), results());
        assertEquals(3, kept.dropped());
    }

    @Test
    void whatWorkersBeforeHaveLeftCounts() throws Exception {
        chunks(Kept.ALL).keep(1, batches("a", "b"));
        chunks(Kept.ALL).keep(2, batches("of another attempt"));
        Kept kept = new Kept(memory, 100, Integer.MAX_VALUE);
        new Chunks(memory, "p.", new byte[0], kept).keep(1, batches("c"));
        assertEquals(List.of("c", "of another attempt"), results());
        assertEquals(2, kept.dropped());
    }

    @Test
    void whatWasFetchedIsNotDropped() throws Exception {
        Kept kept = new Kept(memory, 1 << 20, 1);
        Chunks chunks = new Chunks(memory, "p.", new byte[0], kept);
        chunks.keep(1, batches("a"));
        memory.blobs.keySet().removeIf(key -> key.startsWith("p.results."));
        chunks.keep(1, batches("b"));
        chunks.keep(1, batches("c"));
        assertEquals(List.of("c"), results());
        assertEquals(1, kept.dropped());
    }

    @Test
    void lettersAreKeptTheSameWay() throws Exception {
        Kept kept = new Kept(memory, 60, Integer.MAX_VALUE);
        Letters letters = new Letters(memory, "p.", "w", kept);
        letters.keep();
        assertEquals(0, memory.blobs.size());
        for (int i = 0; i < 3; i++) {
            letters.take(Map.of("item", "0123456789", "number", i));
            letters.take(Map.of("number", i));
            letters.keep();
        }
        assertEquals(1, memory.blobs.size());
        assertEquals(4, kept.dropped());
        assertEquals(2, new String(memory.blobs.values().iterator().next(), StandardCharsets.US_ASCII).lines().count());
    }

    @Test
    void lettersThatCannotWaitAreCountedAsDropped() throws Exception {
        Kept kept = new Kept(memory, Kept.ALL, Integer.MAX_VALUE);
        Letters letters = new Letters(memory, "p.", "w", kept);
        Map<String, Object> large = Map.of("item", "x".repeat(Letters.WAITING_BYTES / 2));
        assertTrue(letters.take(large));
        assertFalse(letters.take(large));
        assertEquals(1, kept.dropped());
        letters.keep();
        assertTrue(letters.take(large));
    }
}

package sferic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.storm.utils.TupleUtils;
import org.junit.jupiter.api.Test;

/** The shim's side of tests/frames.json, which the Python side is tested against too. */
class FramesTest {
    private static final HexFormat HEX = HexFormat.of();

    private static Map<String, Object> vector(String name) throws IOException {
        Map<String, Object> all = Json.object(Files.readAllBytes(Path.of("../../../tests/frames.json")));
        return object(all.get(name));
    }

    @SuppressWarnings("unchecked") // keys of a JSON object are text
    private static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    private static byte[] bytes(Object hex) {
        return HEX.parseHex((String) hex);
    }

    private static Frame read(byte[] data, int limit) throws IOException {
        return new FrameReader(new ByteArrayInputStream(data), limit).read();
    }

    private static Frame frame(String name) throws IOException {
        Map<String, Object> vector = vector(name);
        Frame frame = read(bytes(vector.get("hex")), Frames.DEFAULT_LIMIT);
        Map<String, Object> fields = object(vector.get("fields"));
        assertEquals(number(fields.get("type")), frame.type());
        assertEquals(number(fields.get("flags")), frame.flags());
        return frame;
    }

    private static long number(Object value) {
        return ((Number) value).longValue();
    }

    private static void checkEmits(Object expected, List<Emit> emits) {
        List<?> given = (List<?>) expected;
        assertEquals(given.size(), emits.size());
        for (int i = 0; i < given.size(); i++) {
            Map<String, Object> emit = object(given.get(i));
            assertEquals((int) number(emit.get("link")), emits.get(i).link());
            assertEquals(number(emit.get("bucket")), emits.get(i).bucket());
            assertArrayEquals(bytes(emit.get("batch")), emits.get(i).batch());
        }
    }

    @Test
    void answers() throws IOException {
        for (String name : List.of("answer", "answer-finished")) {
            Map<String, Object> fields = object(vector(name).get("fields"));
            Answer answer = Answer.read(frame(name));
            long[] inputs = ((List<?>) fields.get("inputs")).stream().mapToLong(FramesTest::number).toArray();
            assertArrayEquals(inputs, answer.inputs());
            assertEquals(name.endsWith("finished"), answer.finished());
            checkEmits(fields.get("emits"), answer.emits());
        }
    }

    @Test
    void groups() throws IOException {
        for (String name : List.of("emit", "emit-unanchored")) {
            Map<String, Object> fields = object(vector(name).get("fields"));
            Group group = Group.read(frame(name));
            assertEquals(number(fields.get("group")), group.number());
            assertArrayEquals(bytes(fields.get("token")), group.token());
            checkEmits(fields.get("emits"), group.emits());
        }
        assertEquals(0, frame("done").body().length);
    }

    @Test
    void framesToTheHost() throws IOException {
        List<Held> inputs = new ArrayList<>();
        for (Object input : (List<?>) object(vector("feed").get("fields")).get("inputs")) {
            List<?> pair = (List<?>) input;
            inputs.add(new Held(number(pair.get(0)), null, bytes(pair.get(1)), 0));
        }
        checkWritten("feed", Frames.FEED, Messages.feed(inputs));
        checkWritten("finish", Frames.FINISH, List.of(Messages.number(9)));
        checkWritten("acked", Frames.ACKED, List.of(Messages.numbers(List.of(1L, 2L, 1L << 40))));
        checkWritten("stop", Frames.STOP, List.of());
    }

    private static void checkWritten(String name, int type, List<byte[]> parts) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new FrameWriter(out).write(type, 0, parts);
        assertEquals(vector(name).get("hex"), HEX.formatHex(out.toByteArray()), name);
    }

    @Test
    void batchHeaders() throws IOException {
        for (String name : List.of("batch", "end")) {
            byte[] batch = bytes(vector(name).get("hex"));
            Map<String, Object> fields = object(vector(name).get("fields"));
            BatchHeader header = BatchHeader.unpack(batch);
            assertEquals(number(fields.get("kind")), header.kind());
            assertEquals(number(fields.get("link")), header.link());
            assertEquals(number(fields.get("sender")), header.sender());
            assertEquals(number(fields.get("attempt")), header.attempt());
            assertEquals(number(fields.get("sequence")), header.sequence());
            assertEquals(number(fields.get("count")), header.count());
            assertArrayEquals(java.util.Arrays.copyOf(batch, BatchHeader.SIZE), header.pack());
        }
        assertArrayEquals(bytes(vector("end").get("hex")), BatchHeader.end(5, 1).pack());
    }

    @Test
    void everyCutIsSeen() throws IOException {
        byte[] whole = bytes(vector("answer").get("hex"));
        for (int length = 0; length < whole.length; length++) {
            assertNull(read(java.util.Arrays.copyOf(whole, length), Frames.DEFAULT_LIMIT), "frame cut at " + length);
        }
        byte[] body = frame("answer").body();
        for (int length = 0; length < body.length; length++) {
            Frame cut = new Frame(Frames.ANSWER, 0, java.util.Arrays.copyOf(body, length));
            assertThrows(FrameException.class, () -> Answer.read(cut), "body cut at " + length);
        }
        Frame longer = new Frame(Frames.ANSWER, 0, java.util.Arrays.copyOf(body, body.length + 1));
        assertThrows(FrameException.class, () -> Answer.read(longer));
    }

    @Test
    void absurdLengthsTakeNoMemory() {
        assertThrows(FrameException.class, () -> read(bytes("ffffffff82000000"), Frames.DEFAULT_LIMIT));
        assertThrows(FrameException.class, () -> read(bytes("0000000082000100"), Frames.DEFAULT_LIMIT));
        Frame absurd = new Frame(Frames.ANSWER, 0, bytes("ffffffff"));
        assertThrows(FrameException.class, () -> Answer.read(absurd));
    }

    @Test
    void bucketReachesRank() {
        for (int tasks = 1; tasks <= 100; tasks++) {
            Set<Integer> reached = new HashSet<>();
            for (int bucket = 0; bucket < tasks; bucket++) {
                int index = TupleUtils.chooseTaskIndex(List.of(bucket), tasks);
                assertEquals(bucket, Frames.rank(index, tasks));
                reached.add(index);
            }
            assertEquals(tasks, reached.size());
        }
    }
}

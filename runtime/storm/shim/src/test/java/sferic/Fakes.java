package sferic;

import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.apache.storm.spout.ISpoutOutputCollector;
import org.apache.storm.task.IOutputCollector;
import org.apache.storm.tuple.MessageId;
import org.apache.storm.tuple.Tuple;

/** Storm without Storm: tuples, collectors that remember, events that can be waited for. */
final class Fakes {
    static final long LIMIT_S = 30;
    static final int TASK = 77;
    static final int RECEIVER = 78;

    private Fakes() {}

    static byte[] batch(String payload) {
        byte[] header = new BatchHeader(BatchHeader.ITEMS, 1, 0, 1, 0, 1, 0, 1, 1).pack();
        byte[] text = payload.getBytes(StandardCharsets.UTF_8);
        byte[] batch = java.util.Arrays.copyOf(header, header.length + text.length);
        System.arraycopy(text, 0, batch, header.length, text.length);
        return batch;
    }

    static String payload(Object batch) {
        byte[] data = (byte[]) batch;
        return new String(data, BatchHeader.SIZE, data.length - BatchHeader.SIZE, StandardCharsets.UTF_8);
    }

    static Tuple item(String payload) {
        return tuple("l1", 1, batch(payload));
    }

    /** Of another attempt than the first. */
    static Tuple item(String payload, int attempt) {
        byte[] batch = batch(payload);
        batch[12] = (byte) attempt;
        return tuple("l1", 1, batch);
    }

    static Tuple end(int sender, int attempt) {
        return tuple(Frames.END_STREAM, sender, BatchHeader.end(sender, attempt).pack());
    }

    /** What an `every` method of a task wrote. */
    static Tuple unanchored(int sender, String payload) {
        return tuple("l1", sender, batch(payload), false);
    }

    private static Tuple tuple(String stream, int sender, byte[] batch) {
        return tuple(stream, sender, batch, true);
    }

    private static Tuple tuple(String stream, int sender, byte[] batch, boolean anchored) {
        return (Tuple) Proxy.newProxyInstance(Fakes.class.getClassLoader(), new Class<?>[] {Tuple.class},
                (self, method, arguments) -> switch (method.getName()) {
                    case "getSourceStreamId" -> stream;
                    case "getSourceTask" -> sender;
                    case "getBinaryByField" -> batch;
                    case "getMessageId" -> anchored ? MessageId.makeRootId(1, 1) : MessageId.makeUnanchored();
                    case "equals" -> self == arguments[0];
                    case "hashCode" -> System.identityHashCode(self);
                    case "toString" -> stream + " from " + sender;
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    static Settings settings(Path folder, String how, double hangSeconds) {
        String fake = Path.of("src/test/resources/fake_host.py").toAbsolutePath().toString();
        return Settings.read(Map.of(
                "sferic.python", "python3",
                "sferic.child", List.of("-I", fake),
                "sferic.env", Map.of("FAKE_s", how),
                "sferic.window", 4,
                "sferic.frame.limit", 1 << 24,
                "sferic.stages", Map.of("s", Map.of(
                        "pes", List.of(Map.of("path", "the PE", "hang", hangSeconds, "policy", "dead-letter")),
                        "inputs", Map.of("1", List.of("the PE", "the port")),
                        "outputs", Map.of("0", List.of("the PE", "the port")))),
                "sferic.slow.seconds", 0.3,
                "sferic.run.dir", folder.toString(),
                "topology.message.timeout.secs", 1), "s", folder);
    }

    static Task task(Settings settings, Sink sink, Integer... endSenders) {
        return new Task("s", 2, 3, settings, sink, Set.of("l2", Frames.END_STREAM), Set.of(endSenders),
                new Worker("t", TASK, Set.of(TASK, RECEIVER)));
    }

    /** Waits until it holds. */
    static void until(BooleanSupplier condition) throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > until) {
                throw new AssertionError("it never came true");
            }
            Thread.sleep(2);
        }
    }

    /** One thing that happened at a collector. */
    record Act(String what, String stream, Object batch, Collection<Tuple> anchors, Object id) {}

    /** A queue that is searched from the front, whatever else is in it. */
    static class Log<T> {
        private final BlockingQueue<T> queue = new LinkedBlockingQueue<>();
        private final List<T> seen = new ArrayList<>();

        void add(T entry) {
            queue.add(entry);
        }

        /** Waits for an entry; those passed over stay in all(). */
        T await(Predicate<T> wanted) throws InterruptedException {
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
            while (true) {
                T next = queue.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
                if (next == null) {
                    throw new AssertionError("did not come; what came is " + seen);
                }
                seen.add(next);
                if (wanted.test(next)) {
                    return next;
                }
            }
        }

        /** Everything so far. */
        List<T> all() {
            queue.drainTo(seen);
            return seen;
        }
    }

    /** Events that can be waited for. */
    static final class Sink extends Log<Map<String, Object>> implements Events {
        volatile Runnable holds = () -> { };
        volatile boolean rests;

        @Override
        public boolean rests() {
            return rests;
        }

        @Override
        public void deactivated() {
            rests = false;
        }

        @Override
        public void event(Map<String, Object> event) {
            add(event);
        }

        @Override
        public void holdsState(Task task) {
            holds.run();
            add(Map.of("event", "holds state", "stage", task.stage(), "rank", task.rank()));
        }

        /** Tokens of the fake hosts are numbers. */
        @Override
        public void committed(Task task, byte[] token) {
            add(Map.of("event", "committed", "token", ByteBuffer.wrap(token).order(ByteOrder.LITTLE_ENDIAN).getLong()));
        }

        @Override
        public void overtaken() {
            add(Map.of("event", "overtaken"));
        }

        @Override
        public void finished(String stage, int rank) {
            add(Map.of("event", "finished", "stage", stage, "rank", rank));
        }

        @Override
        public void results(List<byte[]> batches) {
            batches.forEach(batch -> add(Map.of("event", "result", "payload", payload(batch))));
        }

        Map<String, Object> await(String name) throws InterruptedException {
            return await(event -> name.equals(event.get("event")));
        }

        long count(String name) {
            return all().stream().filter(event -> name.equals(event.get("event"))).count();
        }
    }

    /** A bolt's collector. */
    static final class BoltLog extends Log<Act> implements IOutputCollector {
        final AtomicInteger acks = new AtomicInteger();

        @Override
        public List<Integer> emit(String stream, Collection<Tuple> anchors, List<Object> values) {
            add(new Act("emit", stream, values.get(values.size() - 1), anchors == null ? null : List.copyOf(anchors),
                    null));
            return List.of(RECEIVER);
        }

        @Override
        public void emitDirect(int task, String stream, Collection<Tuple> anchors, List<Object> values) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void ack(Tuple tuple) {
            acks.incrementAndGet();
            add(new Act("ack", null, null, List.of(tuple), null));
        }

        @Override
        public void fail(Tuple tuple) {
            add(new Act("fail", null, null, List.of(tuple), null));
        }

        @Override
        public void resetTimeout(Tuple tuple) {
            add(new Act("reset", null, null, List.of(tuple), null));
        }

        @Override
        public void flush() {}

        @Override
        public void reportError(Throwable error) {
            throw new AssertionError(error);
        }

        void awaitAck(Tuple tuple) throws InterruptedException {
            await(act -> act.what().equals("ack") && act.anchors().contains(tuple));
        }

        List<String> payloads() {
            return all().stream().filter(act -> act.what().equals("emit") && !Frames.END_STREAM.equals(act.stream()))
                    .map(act -> payload(act.batch())).toList();
        }
    }

    /** A spout's collector. */
    static final class SpoutLog extends Log<Act> implements ISpoutOutputCollector {
        @Override
        public List<Integer> emit(String stream, List<Object> values, Object id) {
            add(new Act("emit", stream, values.get(values.size() - 1), null, id));
            return List.of();
        }

        @Override
        public void emitDirect(int task, String stream, List<Object> values, Object id) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long getPendingCount() {
            return 0;
        }

        @Override
        public void flush() {}

        @Override
        public void reportError(Throwable error) {
            throw new AssertionError(error);
        }
    }
}

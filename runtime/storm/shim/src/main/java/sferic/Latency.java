package sferic;

import java.util.Arrays;

/** How long batches take in an instance: mean, and the longest but for one in a hundred. Safe from any thread. */
final class Latency {
    /** Buckets for each doubling: what it says of the 99th is at most an eighth too long. */
    private static final int PARTS = 8;
    private static final int PARTS_LOG2 = 3;

    /** Of the batches since the last take(). In seconds. */
    record Lot(long count, double mean, double p99) {}

    // Guarded by this.
    private final int[] buckets = new int[Long.SIZE * PARTS];
    private long count;
    private long sum;

    synchronized void took(long nanos) {
        long time = Math.max(0, nanos);
        buckets[bucket(time)]++;
        count++;
        sum += time;
    }

    synchronized Lot take() {
        Lot lot = count == 0 ? new Lot(0, 0, 0) : new Lot(count, sum / 1e9 / count, p99() / 1e9);
        Arrays.fill(buckets, 0);
        count = 0;
        sum = 0;
        return lot;
    }

    private double p99() {
        long above = count / 100;
        for (int bucket = buckets.length - 1; bucket > 0; bucket--) {
            above -= buckets[bucket];
            if (above < 0) {
                return end(bucket);
            }
        }
        return end(0);
    }

    private static int bucket(long time) {
        if (time < PARTS) {
            return (int) time;
        }
        int shift = Long.SIZE - 1 - Long.numberOfLeadingZeros(time) - PARTS_LOG2;
        return (shift + 1) * PARTS + (int) (time >>> shift) - PARTS;
    }

    /** The longest time that falls into it. */
    private static double end(int bucket) {
        if (bucket < PARTS) {
            return bucket;
        }
        int shift = bucket / PARTS - 1;
        return Math.scalb((double) (bucket % PARTS + PARTS + 1), shift);
    }
}

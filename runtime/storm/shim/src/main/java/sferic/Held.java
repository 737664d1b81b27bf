package sferic;

import org.apache.storm.tuple.Tuple;

/** A tuple taken from Storm and not yet acked, under the input number the child knows it by. */
record Held(long input, Tuple tuple, byte[] batch, long since) {}

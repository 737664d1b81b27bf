package sferic;

/** What an instance has to do: bytes of the batches it holds, and how long those took that it has answered since. */
record Load(long queuedBytes, Latency.Lot batches) {}

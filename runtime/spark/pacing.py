"""How much a superstep takes on."""

FIRST, _MOST = 64, 1 << 22  # items of a source at a superstep
_LONG = 2.0  # seconds of work at one that may be more than an interval


def worth(overhead: float, interval: float) -> float:
    """Seconds that the slowest instance should work at a superstep that took `overhead` beside that: most of the time
    is to go into items, however short the interval."""
    return max(interval, min(_LONG, 4 * overhead))


def next_most(most: int, seconds: float, interval: float) -> int:
    """How many items a source may give at the next superstep, after the slowest instance took so long for what it got,
    where `interval` is what it should take.

    Slow PEs get little at a time: nothing else moves on while they work, and nothing of it is kept.
    """
    if seconds < interval / 4:
        return min(_MOST, 4 * most)
    return most if seconds < interval else max(1, int(most * interval / seconds))

"""How many items go together: few where they take long."""

_SOON, _LATE = 0.25, 2.0  # seconds from sending a batch to the end of all that was made of it
_FIRST, _MOST = 8, 1 << 16
_FASTEST = 8  # times at once

TOGETHER = 512  # items that PEs of one stage take at a time
_QUICK = 0.001  # seconds in which more items could have gone through


def next_size(size: int, seconds: float) -> int:
    """How many items are next to go through, after up to `size` took so long: no wait for whatever is due."""
    return min(TOGETHER, 2 * size) if seconds < _QUICK else max(1, size // 4)


class Pace:
    """How many items a source puts in a batch. Grows while full batches are processed soon, shrinks when they are not.

    What a PE writes leaves its process when its batch is through: of slow PEs a full batch would hold back what is
    behind them, and Ctrl-C, for minutes. The time up to the ack has all of them in it, wherever they are.
    """

    def __init__(self) -> None:
        self.most = _FIRST

    def processed(self, items: int, seconds: float) -> None:
        """A group whose largest batch had so many items took so long."""
        if seconds > _LATE:
            self.most = max(1, min(self.most, items) // 2)
        elif seconds < _SOON and 2 * items > self.most:
            # As much as would take half of what is soon.
            times = _SOON / 2 / max(seconds, 1e-6)
            self.most = min(_MOST, int(self.most * min(_FASTEST, max(2.0, times))))

"""How many items a source puts in a batch: few where they take long."""

_SOON, _LATE = 0.25, 2.0  # seconds from sending a batch to the end of all that was made of it
_FIRST, _MOST = 8, 1 << 16


class Pace:
    """Grows while full batches are processed soon, shrinks when they are not.

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
            self.most = min(_MOST, 2 * self.most)

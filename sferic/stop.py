"""What Ctrl-C and SIGTERM do to a run."""

import os
import signal
import time
from types import FrameType

LIMIT = 60  # seconds that a run has to end after it was asked to
_ONE = 0.2  # seconds in which signals are one: timeout(1) and others send to a process and to its group


class StopOnSignal:
    """The first signal asks the run to end; the second ends it, or the time that it then takes.

    While nobody would see a request, since Storm's jars are fetched or its JVM is about to start, the first one ends
    the command.
    """

    def __init__(self, limit: int | None = LIMIT) -> None:
        """`limit`: seconds that the run has then; None for any number."""
        self._limit = limit
        self._wanted = False
        self._seen = False
        self._asked = 0.0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._signalled)

    @property
    def requested(self) -> bool:
        """Asked by a run, between items."""
        self._seen = True
        return self._wanted

    def ask(self) -> None:
        """What the first signal does, but for the limit: for those who hear of it in another way, on any thread."""
        if not self._wanted:
            self._asked = time.monotonic()
            self._wanted = True
            _say("Stopping: sources end, what is in flight is drained. Once more to drop it.")

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._wanted and time.monotonic() - self._asked < _ONE:
            return
        if self._wanted or not self._seen:
            raise KeyboardInterrupt
        if self._limit is not None:
            signal.signal(signal.SIGALRM, self._too_long)
            signal.alarm(self._limit)
        self.ask()

    def _too_long(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        _say(f"It has not ended within {self._limit} s: what is in flight is dropped.")
        raise KeyboardInterrupt


def _say(text: str) -> None:
    """On stderr, past its buffer: the signal may have come in the middle of a print, which must not begin again."""
    os.write(2, f"{text}\n".encode())

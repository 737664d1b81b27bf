"""Several sources take turns: one runs at a time, in an order that does not depend on the clock unless one is slow."""

import time
from collections.abc import Callable
from queue import Empty, Queue

from sferic.runtime.host.source import Source
from sferic.runtime.pace import TOGETHER, next_size

_TURN = 64  # items a turn where several sources have something to do
_LINGER = 0.002  # seconds after which what a source has written is passed on though it has not handed it over
_PATIENCE = 0.05  # seconds after which a source that is in its own code keeps the others waiting no longer
_LOOK = 0.05  # the longest time between two looks around
_GRACE = 0.3  # seconds that a source in its own code has to end when it is told to


class Turns:
    """Runs sources to their end, on the thread that calls `run`.

    A turn is so many items, or as much as a source writes before it waits, or what it can do in a little time: a
    source that sleeps or computes for longer goes on by itself and comes back for its turn with its next item.
    `between` is called while there is time: it does what is due, and says in how many seconds to be called again;
    `turn` is told whose turn it is.
    """

    def __init__(
        self,
        sources: list[Source],
        *,
        stopping: Callable[[], bool],
        wrote: Callable[[], None],
        between: Callable[[], float],
        turn: Callable[[Source], None] = lambda _: None,
        linger: float = _LINGER,
    ) -> None:
        self._sources = sources
        self._back: Queue[Source] = Queue()
        self._stopping = stopping
        self._wrote = wrote
        self._between = between
        self._begins = turn
        self._linger = min(linger, _LINGER)
        self._pace = 1
        self.waited = 0.0  # seconds that `wrote` waited for others' sake, not the items'
        for source in sources:
            source.open(self._back.put)

    def run(self) -> None:
        """Until all have ended, or were told to."""
        while running := [source for source in self._sources if not source.ended]:
            if self._stopping():
                self._stop(running)
                return
            pause = self._between()
            now = time.monotonic()
            ready = [source for source in running if source.parked and source.until <= now]
            for source in ready:
                self._turn(source, alone=len(ready) == 1)
            waiting = [source for source in running if source.parked and source.until > now]
            for source in waiting:
                self._begins(source)
                source.take(self._wrote)  # what its `every` wrote
            if not ready:
                until = min((source.until for source in waiting), default=now + _LOOK)
                self._listen(min(pause, until - now))

    def close(self) -> None:
        """Leave none of them running."""
        for source in self._sources:
            source.close()

    def _turn(self, source: Source, *, alone: bool) -> None:
        self._begins(source)
        left = TOGETHER if alone else _TURN
        patience = 0.0 if alone else _PATIENCE
        looked = time.monotonic()
        left -= self._take(source)  # it may have come back while it was another's turn
        while left > 0 and not (source.ended or self._stopping()):
            began = time.monotonic()
            if alone and began - looked > self._linger:
                return
            source.until = 0.0
            source.resume(min(left, self._pace))
            if not self._came_back(source, self._linger):
                source.hasten()
                left -= self._take(source)
                if not self._in_time(source, began + patience):
                    return
            now = time.monotonic()
            patience -= now - began  # the time that its items take behind it is not its own
            left -= self._take(source)
            if source.until:
                return
            if now - looked > self._linger and not alone:
                looked = now
                self._between()

    def _in_time(self, source: Source, ends: float) -> bool:
        while not source.parked:
            pause = self._between()
            rest = ends - time.monotonic()
            if rest <= 0:
                return False
            self._came_back(source, min(pause, rest))
        return True

    def _take(self, source: Source) -> int:
        """Let what it wrote go through, and find how many items at a time are no wait for whatever is due."""
        began, self.waited = time.monotonic(), 0.0
        taken = source.take(self._wrote)
        if taken:
            self._pace = next_size(self._pace, time.monotonic() - began - self.waited)
        return taken

    def _came_back(self, source: Source, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not source.parked:
            if not self._listen(until - time.monotonic()):
                return source.parked
        return True

    def _listen(self, seconds: float) -> bool:
        """Wait for one to come back."""
        try:
            source = self._back.get(timeout=min(max(seconds, 0.0), _LOOK))
        except Empty:
            return False
        source.came_back()
        return True

    def _stop(self, running: list[Source]) -> None:
        for source in running:
            source.stop()
            if source.parked:
                source.resume(1)
        until = time.monotonic() + _GRACE
        for source in running:
            self._begins(source)
            while not source.ended and time.monotonic() < until:
                if self._came_back(source, until - time.monotonic()) and not source.ended:
                    source.take(self._wrote)
                    source.resume(1)
            source.take(self._wrote)
            if not source.ended:
                source.abandon()

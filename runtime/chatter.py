"""What PEs print and log, as far as whoever supervises this process wants to hear it: by level, a flood counted."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from sferic.runtime.host.step import PAGE_LEVELS, PAGE_LINES, Page
from sferic.runtime.observe import Event

_TEXT_LIMIT = 64 << 10  # characters of a print or a log entry where lines are limited
_SECOND = 1.0


class Chatter:
    """Between those who tell events and the pipe. Any thread may tell.

    The page says what is wanted (docs/frames.md): how many lines a second, and a level of each PE; zeros where
    everything is. `pes`: paths of the stage's PEs, in order.
    """

    def __init__(
        self, tell: Callable[[Event], None], page: Page, pes: Sequence[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell = tell
        self._page = page
        room = len(page) - PAGE_LEVELS
        self._fields = {path: PAGE_LEVELS + index for index, path in enumerate(pes[:room])}
        self._clock = clock
        self._applied = 0  # the level that was given to Python's root logger; 0: none
        self._lock = threading.RLock()  # of the fields below
        self._began = 0.0
        self._shown = 0
        self._hidden = 0
        self._last: Event = {}

    def tell(self, event: Event) -> None:
        """Pass an event on, unless it is a line that nobody wants or has room for."""
        kind = event["event"]
        if kind not in ("log", "print"):
            self._tell(event)
        elif event.get("level", logging.INFO) >= self.level(event["pe"]):
            lines = self._page[PAGE_LINES]
            if not lines:
                self._tell(event)
            elif self._has_room(event, lines):
                text = event["text"]
                self._tell(event if len(text) <= _TEXT_LIMIT else {**event, "text": f"{text[:_TEXT_LIMIT]} …"})

    def level(self, pe: str) -> int:
        """The lowest level that is wanted of a PE."""
        field = self._fields.get(pe)
        return 0 if field is None else self._page[field]

    def look(self) -> None:
        """Let Python's root logger make what is wanted of any PE, and no more: the page may have changed."""
        lowest = min((self._page[field] for field in self._fields.values()), default=0)
        if lowest != self._applied:
            self._applied = lowest
            logging.getLogger().setLevel(lowest or logging.INFO)

    def _has_room(self, event: Event, lines: int) -> bool:
        count = 1 + event["text"].count("\n")
        with self._lock:
            now = self._clock()
            if now - self._began >= _SECOND:
                self.flush()
                self._began, self._shown = now, 0
            if not self._shown or self._shown + count <= lines:
                self._shown += count
                return True
            if not self._hidden:
                waker = threading.Timer(self._began + _SECOND - now, self.flush)
                waker.daemon = True
                waker.start()
            self._hidden += count
            self._last = event
            return False

    def flush(self) -> None:
        """Say how many lines were not told."""
        with self._lock:
            hidden, self._hidden = self._hidden, 0
            last = self._last
        if hidden:
            text = f"({hidden} more lines were not shown: more than {self._page[PAGE_LINES]} a second)"
            self._tell({"event": "log", "level": logging.WARNING, "pe": last["pe"], "rank": last["rank"], "text": text})

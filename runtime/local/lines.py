"""What a child says on stderr, in lines, a traceback as one text; a flood is limited and counted."""

import time
from collections.abc import Callable

from sferic.runtime.local.gathered import Gathered

LINE_LIMIT = 8192  # bytes of a line that are shown
LINES_A_SECOND = 200
_PATIENCE = 0.3  # seconds that the lines of a traceback wait for more


class Lines:
    """Cuts bytes into texts to show, at most `LINES_A_SECOND` lines of them; says how many were not shown."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rest = b""
        self._cut = False
        self._second: int = -1
        self._shown = 0
        self._hidden = 0
        self._gathered = Gathered()
        self._heard = 0.0

    def feed(self, data: bytes) -> list[str]:
        """The texts to show now."""
        said = self._turn()
        self._heard = self._clock()
        room = LINES_A_SECOND - self._shown
        *lines, rest = data.split(b"\n", room) if room else [data]
        for line in lines:
            said += self._gathered.take(self._text(self._rest + line))
            self._rest, self._cut = b"", False
        self._shown += len(lines)
        if self._shown >= LINES_A_SECOND and (more := rest.count(b"\n")):
            self._hidden += more
            self._rest, self._cut = b"", False
            rest = rest[rest.rindex(b"\n") + 1 :]
        self._cut = self._cut or len(self._rest) + len(rest) > LINE_LIMIT
        self._rest = (self._rest + rest[:LINE_LIMIT])[:LINE_LIMIT]
        return said

    def tick(self) -> list[str]:
        """To be called now and then: what waits for lines that do not come."""
        return self._gathered.end() if self._clock() - self._heard >= _PATIENCE else []

    def end(self) -> list[str]:
        """What is left when no more will come."""
        last = self._gathered.take(self._text(self._rest)) if self._rest else []
        self._rest, self._cut = b"", False
        return [*last, *self._gathered.end(), *self._tell_hidden()]

    def _turn(self) -> list[str]:
        now = int(self._clock())
        if now == self._second:
            return []
        self._second, self._shown = now, 0
        return self._tell_hidden()

    def _tell_hidden(self) -> list[str]:
        hidden, self._hidden = self._hidden, 0
        if not hidden:
            return []
        return [*self._gathered.end(), f"({hidden} more lines were not shown: more than {LINES_A_SECOND} a second)"]

    def _text(self, line: bytes) -> str:
        cut = " …" if self._cut or len(line) > LINE_LIMIT else ""
        return line[:LINE_LIMIT].decode(errors="replace") + cut

"""What a child says on stderr, in lines; a flood is limited and counted."""

import time
from collections.abc import Callable

LINE_LIMIT = 8192  # bytes of a line that are shown
LINES_A_SECOND = 200


class Lines:
    """Cuts bytes into lines to show, at most `LINES_A_SECOND` of them; says how many were not shown."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rest = b""
        self._cut = False
        self._second: int = -1
        self._shown = 0
        self._hidden = 0

    def feed(self, data: bytes) -> list[str]:
        """The lines to show now."""
        said = self._turn()
        room = LINES_A_SECOND - self._shown
        *lines, rest = data.split(b"\n", room) if room else [data]
        for line in lines:
            said.append(self._text(self._rest + line))
            self._rest, self._cut = b"", False
        self._shown += len(lines)
        if self._shown >= LINES_A_SECOND and (more := rest.count(b"\n")):
            self._hidden += more
            self._rest, self._cut = b"", False
            rest = rest[rest.rindex(b"\n") + 1 :]
        self._cut = self._cut or len(self._rest) + len(rest) > LINE_LIMIT
        self._rest = (self._rest + rest[:LINE_LIMIT])[:LINE_LIMIT]
        return said

    def end(self) -> list[str]:
        """What is left when no more will come."""
        last = [self._text(self._rest)] if self._rest else []
        self._rest, self._cut = b"", False
        return last + self._tell_hidden()

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
        return [f"({hidden} more lines were not shown: more than {LINES_A_SECOND} a second)"]

    def _text(self, line: bytes) -> str:
        cut = " …" if self._cut or len(line) > LINE_LIMIT else ""
        return line[:LINE_LIMIT].decode(errors="replace") + cut

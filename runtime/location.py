"""Where in the user's files something was said, so that every error can show it."""

import sys
from dataclasses import dataclass

_OUR_ROOMS = ("sferic.runtime", "sferic.compiler", "sferic.cluster", "sferic.cli")


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A line of a file; line 0 means the file as a whole, column 0 the line as a whole. Both count from 1."""

    file: str
    line: int
    column: int = 0

    def __str__(self) -> str:
        column = f":{self.column}" if self.column else ""
        return f"{self.file}:{self.line}{column}" if self.line else self.file


UNKNOWN = Location("<unknown>", 0)


def caller() -> Location:
    """The nearest line on the stack that is not this package's own."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] - inspect.currentframe without importing inspect
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if not module.startswith(_OUR_ROOMS):
            return Location(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return UNKNOWN

"""Dead letters: items that a run gave up, kept in a file so that they can be read, decoded and given again.

A line of JSON each: `time` (ISO 8601), `pe`, `rank`, `port` and `written` (docs/frames.md, event `failed`), `item` (its
repr), `error`, `traceback`, `attempts`, and the item itself: `codec`, `count`, `data` (base64).
"""

import base64
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from sferic.runtime.codec import CodecError, GeneralCodec, TrustedCodec
from sferic.runtime.host.failures import LETTER_KEY
from sferic.runtime.observe import Event

_FIELDS = ("time", "pe", "rank", "port", "written", "item", "error", "traceback", "attempts", "codec", "count", "data")


class LettersError(ValueError):
    """A file of dead letters that cannot be read; says file and line."""


class Unreadable(ValueError):  # noqa: N818 - says what it is
    """The item of a letter cannot be had again; says why."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One item (or a whole batch) that was given up."""

    time: str
    pe: str
    rank: int
    port: str | None
    written: bool
    item: str
    error: str
    traceback: str
    attempts: int
    codec: str | None
    count: int
    data: str | None

    def items(self, *, trusted: bool = False) -> list[Any]:
        """The items, equal to what the PE got. Raises Unreadable.

        The classes of items must be imported. `trusted`: unpickle, which runs what the file says.
        """
        if self.codec is None or self.data is None:
            raise Unreadable("it was not kept: no codec takes it, or it is too large")
        if self.codec == "trusted" and not trusted:
            raise Unreadable("it is pickled: say --codec trusted if you trust the file")
        codec = TrustedCodec(LETTER_KEY) if self.codec == "trusted" else GeneralCodec()
        try:
            return codec.decode(base64.b64decode(self.data, validate=True))
        except (CodecError, ValueError) as error:
            raise Unreadable(str(error)) from error


def letter_of(event: Event) -> Letter:
    """The letter that an event of a dead letter is. Raises KeyError, TypeError."""
    return Letter(**{name: event[name] for name in _FIELDS})


class LettersFile:
    """Adds the dead letters of a run to a file, each as it comes. `begin`: the length that the file had before."""

    def __init__(self, path: Path, begin: int | None = None, count: int = 0) -> None:
        """`begin`, `count`: of a run that is gone on with: the file's length before it, and its letters since."""
        self.path = path
        self.count = count
        self._out: TextIO = path.open("a", encoding="utf-8")
        self.begin = self._out.tell() if begin is None else begin

    def take(self, event: Event) -> None:
        """Keep it, if it is a dead letter's event."""
        if event["event"] == "failed" and event["policy"] == "dead-letter":
            self._out.write(json.dumps({name: event.get(name) for name in _FIELDS}) + "\n")
            self._out.flush()
            self.count += event.get("count") or 1

    def begin_again(self) -> None:
        """The run is repeated: what it kept so far comes again."""
        self._out.truncate(self.begin)
        self.count = 0

    def close(self) -> None:
        """No more will come."""
        self._out.close()


def read_letters(path: Path) -> Iterator[Letter]:
    """The letters of a file. Raises LettersError."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                letter = letter_of(json.loads(line))
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                raise LettersError(f"{path}:{number}: no dead letter ({type(error).__name__}: {error})") from error
            yield letter


def table(letters: Iterable[Letter], width: int, first: int = 1) -> Iterator[str]:
    """Lines for people, each at most `width` characters. `first`: the number of the first one."""
    for number, letter in enumerate(letters, first):
        port = f".{letter.port}" if letter.port else ""
        tries = f", {letter.attempts} attempts" if letter.attempts > 1 else ""
        lost = "" if letter.data is not None or letter.port == "" else ", not kept"
        head = f"{number}: {letter.time}  {letter.pe}{port} (instance {letter.rank}{tries}{lost})"
        for line in (head, f"  {letter.item}", f"  {letter.error}"):
            flat = " ".join(line.splitlines())
            yield flat if len(flat) <= width else flat[: width - 1] + "…"


def whole(letter: Letter, number: int) -> Iterator[str]:
    """All that is known of one, for people."""
    yield from table([letter], sys.maxsize, number)
    yield from (f"  {line}" for line in letter.traceback.splitlines())

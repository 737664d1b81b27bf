"""What a run shows while it goes on and when it is over."""

import json
import math
import sys
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, TextIO, cast

from sferic.runtime.letters import LettersFile
from sferic.runtime.observe import Event, Outcome, ending


class Reporter(Outcome):
    """An outcome that also shows prints, logs and failures as they come, and progress on a terminal."""

    def __init__(
        self,
        *,
        quiet: bool = False,
        letters: LettersFile | None = None,
        as_text: Callable[[Event], str] | None = None,
    ) -> None:
        """`as_text`: how an event is told, "" where it is not; else as `words` has it."""
        super().__init__()
        self._as_text = as_text or words
        self._quiet = quiet
        self._letters: LettersFile | None = letters
        self._live = sys.stderr.isatty() and not quiet
        self._began = time.monotonic()
        self._width = 0

    def event(self, event: Event) -> None:
        """Show and keep."""
        kind = event["event"]
        if kind == "failed":
            if self._letters is not None:
                self._letters.take(event)
            event = {name: value for name, value in event.items() if name != "data"}  # there may be very many
        super().event(event)
        if said := self._as_text(event):
            self._say(said, always=kind in ("error", "died", "lost"))
        elif kind == "counts":
            self._progress()

    def begin_again(self) -> None:
        """As an outcome does; letters, too."""
        super().begin_again()
        if self._letters is not None:
            self._letters.begin_again()

    def where_letters_are(self, options: str, skipping: Collection[str]) -> str:
        """What became of the items that failed, and how to see them; `options` would have kept them, but for the PEs
        that are `skipping` by a setting of their own."""
        kept = 0 if self._letters is None else self._letters.count
        dropped = self.failed_items - kept
        if self._letters is None or not kept:
            failed = dict.fromkeys(event["pe"] for event in self.failures)
            own = ", ".join(pe for pe in failed if pe in skipping)
            first = f'on_failure = "dead-letter" in place of "skip" in {own}, and ' if own else ""
            return f"{dropped} failed and not kept. To keep them: {first}{options}"
        file = self._letters.path
        rest = f", {dropped} more were skipped" if dropped else ""
        return f"{kept} failed and kept in {file}{rest}. To see them: sferic dead-letters {file}"

    def _say(self, text: str, *, always: bool = False) -> None:
        if always or not self._quiet:
            self._clear()
            print(text, file=sys.stderr)  # noqa: T201 - the command's own output

    def _clear(self) -> None:
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            self._width = 0

    def _progress(self) -> None:
        if not self._live:
            return
        now = time.monotonic()  # instances tell their counts at most twice a second, and only what is new: show each
        items = sum(counts["in"] for counts in self.counts.values())
        failed = sum(counts["failed"] for counts in self.counts.values())
        line = f"{items:,} items, {items / max(now - self._began, 0.001):,.0f}/s, {failed} failed"
        self._clear()
        sys.stderr.write(line)
        sys.stderr.flush()
        self._width = len(line)

    def summary(self) -> None:
        """One line a PE at the end."""
        self._clear()
        if self._quiet:
            return
        seconds = time.monotonic() - self._began
        for pe, counts in self.counts.items():
            failed = f", {counts['failed']:,} failed" if counts["failed"] else ""
            print(f"{pe}: {counts['in']:,} in, {counts['out']:,} out{failed}", file=sys.stderr)  # noqa: T201
        print(f"{seconds:.1f} s", file=sys.stderr)  # noqa: T201


class Speaking(Outcome):
    """An outcome that also shows what PEs print (on stdout), what they log, and what befalls processes (on stderr)."""

    def event(self, event: Event) -> None:
        """Show and keep."""
        super().event(event)
        kind = event["event"]
        if kind not in ("failed", "error") and (said := words(event)):  # these come with the results, or are raised
            print(said, file=sys.stdout if kind == "print" else sys.stderr)


def words(event: Event) -> str:
    """An event as users are told of it; "" for one that is for programs."""
    kind = event["event"]
    if kind in ("print", "log"):
        return f"[{event['pe']} {event['rank']}] {event['text']}"
    if kind == "failed":
        return f"{event['pe']} (instance {event['rank']}) failed on {event['item']}: {event['error']}"
    if kind == "error":
        return f"error: {event['text']}"
    if kind == "died":
        return _death(event)
    if kind == "lost":
        without = " without it" if event["then"] == "goes on" else ""
        return f"{event['stage']} (instance {event['rank']}): its state is lost, the run {event['then']}{without}"
    return _standing_still(event) if kind in ("slow", "hung") else ""


def _death(event: Event) -> str:
    why = f" ({event['text']})" if event["text"] else ""
    where = f"{event['stage']} (instance {event['rank']})"
    at = f" at {event['pe']}" if event["input"] else ""
    return f"{where}: its process {event['pid']} {ending(event['exit'])}{at} and is replaced{why}"


def _standing_still(event: Event) -> str:
    where = f"{event['pe']} (instance {event['rank']})"
    what = f"at item {event['step']} of its batch" if event["step"] else "before its first item"
    if event.get("starting"):
        what = "starting"
    if event["event"] == "hung":
        return f"{where} made no progress {what} for {event['seconds']:.0f} s: its process is replaced"
    return f"{where} has been {what} for {event['seconds']:.0f} s"


def jsonable(value: Any) -> Any:
    """`value` as JSON. What JSON has not (as NaN) becomes ``{"type": …, "value": its repr}``, tuples become lists."""
    kind = cast(type[Any], type(value))
    if value is None or kind in (bool, int, str) or (kind is float and math.isfinite(value)):
        return value
    if kind in (list, tuple):
        return [jsonable(item) for item in value]
    if kind is dict and all(type(key) is str for key in value):
        return {key: jsonable(item) for key, item in value.items()}
    return {"type": f"{kind.__module__}.{kind.__qualname__}", "value": repr(value)}


def result_lines(outcome: Outcome) -> Iterator[str]:
    """Each result as a line of JSON."""
    for (pe, port), values in sorted(outcome.results.items()):
        for value in values:
            yield result_line(pe, port, value)


def result_line(pe: str, port: str, value: Any) -> str:
    """A result as a line of JSON."""
    line = {"pe": pe, "port": port, "value": jsonable(value)}
    text = json.dumps(line, ensure_ascii=False, allow_nan=False)
    return text if _is_text(text) else json.dumps(line)


def _is_text(text: str) -> bool:
    """Half a surrogate pair cannot be written but in JSON's own notation."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def write_results(outcome: Outcome, path: Path) -> None:
    """The lines, to a file, all or nothing."""
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8") as out:
        out.writelines(f"{line}\n" for line in result_lines(outcome))
    part.replace(path)


def show_results(outcome: Outcome, out: TextIO) -> None:
    """The lines where a program reads, a plain table where a person does."""
    if not out.isatty():
        out.writelines(f"{line}\n" for line in result_lines(outcome))
        out.flush()  # before what is said on stderr next, where both go to one place
        return
    for (pe, port), values in sorted(outcome.results.items()):
        out.write(f"{pe}.{port}\n")
        for value in values:
            parts = cast(tuple[Any, ...], value) if isinstance(value, tuple) else (value,)
            out.write("  " + "  ".join(map(str, parts)) + "\n")

"""What a run tells whoever started it: events (docs/frames.md, EVENT) and results; and what they come to."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Event = Mapping[str, Any]

KEPT = 10_000  # failures of a run
_LAST_SIGNAL = 64

DONE, FAILED, WRONG_INPUT, ITEMS_FAILED, INTERRUPTED = 0, 1, 2, 3, 130


class Observer(Protocol):
    """Gets what happens in a run, on the thread that drives it; what a source logs may come on the source's own."""

    def event(self, event: Event) -> None:
        """Something happened."""

    def result(self, pe: str, port: str, values: list[Any]) -> None:
        """Items came out of an unconnected port."""

    def begin_again(self) -> None:
        """State was lost, and the whole run is made once more: what came so far counts for nothing."""


class StopRequest(Protocol):
    """Asked between items."""

    @property
    def requested(self) -> bool:
        """True once the run is to stop: sources end, what is in flight is drained."""
        ...


def ending(exit_status: int) -> str:
    """How a process ended, in words. `exit_status`: 128 + n where signal n ended it."""
    signal = exit_status - 128
    return f"was killed by signal {signal}" if 0 < signal <= _LAST_SIGNAL else f"exited with status {exit_status}"


@dataclass
class Outcome:
    """An observer that keeps results by PE and port, failures, counts, and the exit status they come to.

    Of failures it keeps the first `KEPT`, as an endless run may have any number of them, and the one that ends the run.
    """

    results: dict[tuple[str, str], list[Any]] = field(default_factory=dict[tuple[str, str], list[Any]])
    failures: list[Event] = field(default_factory=list[Event])
    failed: int = 0  # failures, kept or not
    failed_items: int = 0  # in these failures: some are of a whole batch
    last_failures: dict[str, Event] = field(default_factory=dict[str, Event])  # of each PE
    errors: list[Event] = field(default_factory=list[Event])
    lost: list[Event] = field(default_factory=list[Event])
    counts: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    interrupted: bool = False

    def event(self, event: Event) -> None:
        """Keep what decides the outcome."""
        kind = event["event"]
        if kind == "failed":
            self.failed += 1
            self.failed_items += event.get("count") or 1
            self.last_failures[event["pe"]] = event
            if len(self.failures) < KEPT or event["policy"] == "stop":
                self.failures.append(event)
        elif kind == "error":
            self.errors.append(event)
        elif kind == "lost" and len(self.lost) < KEPT:
            self.lost.append(event)
        elif kind == "counts":
            for pe, counts in event["pes"].items():
                self.counts.setdefault(pe, Counter()).update(counts)

    def result(self, pe: str, port: str, values: list[Any]) -> None:
        """Keep the items of a result port."""
        self.results.setdefault((pe, port), []).extend(values)

    def begin_again(self) -> None:
        """Forget what an attempt that is to be repeated gave."""
        self.results.clear()
        self.failures.clear()
        self.last_failures.clear()
        self.failed = self.failed_items = 0
        self.errors.clear()
        self.counts.clear()

    @property
    def status(self) -> int:
        """The command's exit status."""
        if any(error.get("kind") == "input" for error in self.errors):
            return WRONG_INPUT
        if self.errors or any(failure["policy"] == "stop" for failure in self.failures):
            return FAILED
        if self.interrupted:
            return INTERRUPTED
        return ITEMS_FAILED if self.failed else DONE

"""Plans as Spark jobs: what job.py, which the compiler renders, is made of. The only room that imports pyspark."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Mode = Literal["batch", "dstream"]

INTERVAL = 1.0  # seconds between the ticks of a stream
_SHORTEST, _LONGEST = 0.05, 86_400.0


def interval_of(text: str) -> float:
    """Seconds between ticks, as options say them. Raises ValueError, which says what to write."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not _SHORTEST <= seconds <= _LONGEST:  # NaN is not
        raise ValueError(f"{text!r} is no interval: write seconds, from {_SHORTEST} to {_LONGEST:,.0f}")
    return seconds


class Files(Protocol):
    """What an observer writes to files and counts as it comes, so that a run that is gone on with does nothing of it
    twice."""

    def written(self) -> dict[str, Any]:
        """What it has by now, as JSON: lengths of files, all of them on the disk, and counts."""
        ...

    def go_on(self, written: Mapping[str, Any] | None, *, anew: bool = False) -> None:
        """Forget what came after that; None: the first run begins. `anew`: it was of one that has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Pulse:
    """How a stream goes. `skipped`: ticks that came too late, of all; `delay`: seconds that the last one came late;
    `seconds`: that the last superstep took; `on_its_way`: batches between instances; `written`: what of the
    files of results and letters (`Files`) the last superstep has: what comes after may be taken back."""

    supersteps: int = 0
    ticks: int = 0
    skipped: int = 0
    delay: float = 0.0
    seconds: float = 0.0
    on_its_way: int = 0
    written: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Progress(Protocol):
    """Hears how a job goes, some times a second, on the thread that drives it."""

    def stages(self, done: Mapping[str, int]) -> None:
        """Of a batch job: instances that are done, by stage."""

    def pulse(self, pulse: Pulse) -> None:
        """Of a stream."""


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Seconds between ticks, and the folder to go on from; `version`: sferic's."""

    interval: float
    checkpoint: str
    version: str
    files: Files | None = None
    progress: Progress | None = None

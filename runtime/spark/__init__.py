"""Plans as Spark jobs: what job.py, which the compiler renders, is made of. The only room that imports pyspark."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Mode = Literal["batch", "dstream"]

INTERVAL = 1.0  # seconds between the ticks of a stream


class Files(Protocol):
    """What an observer writes to files as it comes, so that a run that is gone on with writes nothing twice."""

    def written(self) -> dict[str, int]:
        """How many bytes each has, by name, all of them on the disk."""
        ...

    def go_on(self, written: Mapping[str, int] | None) -> None:
        """Forget what came after they had so many; None: a run begins."""
        ...


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Seconds between ticks, and the folder to go on from; `version`: sferic's."""

    interval: float
    checkpoint: str
    version: str
    files: Files | None = None

"""Plans as Spark jobs: what job.py, which the compiler renders, is made of. The only room that imports pyspark."""

from dataclasses import dataclass

INTERVAL = 1.0  # seconds between the ticks of a stream


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Seconds between ticks, and the folder to go on from; `version`: sferic's."""

    interval: float
    checkpoint: str
    version: str

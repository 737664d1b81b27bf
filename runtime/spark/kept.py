"""What a stream job keeps of an instance from one superstep to the next, and what a task asks of the process that
holds it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sferic.runtime.observe import Event
from sferic.runtime.spark.records import Record

Place = int  # of an instance: counted over all stages, in the order of the plan


@dataclass(frozen=True, slots=True)
class Kept:
    """An instance after a superstep. A process that holds it is asked to go on only if it is at `version`.

    `token`: where its sources are; `out`: what it sent, by the place of the receiver; `told`: records for the driver.
    """

    stage: str
    rank: int
    step: int = 0
    version: str = ""
    state: bytes = b""
    token: bytes = b""
    sent: int = 0
    finished: bool = False
    released: bool = False  # finished, and its sources know that all they gave is kept
    out: tuple[tuple[Place, Record], ...] = ()
    told: tuple[Record, ...] = ()
    seconds: float = 0.0  # that it took for what it got


Pair = tuple[Place, "Kept | Record"]


@dataclass(frozen=True, slots=True)
class Ask:
    """One superstep of one instance. `finish`: no more will come; `patience`, `most`: of a source, as in `Step`."""

    step: int
    version: str
    inputs: tuple[bytes, ...]
    finish: bool
    stop: bool
    patience: float
    most: int
    release: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it. `state`, `token`: None where they are as before; so is everything where `version` is."""

    version: str
    state: bytes | None
    token: bytes | None
    finished: bool
    emits: tuple[tuple[int, int, bytes], ...]  # link, bucket, batch
    events: tuple[Event, ...]
    seconds: float  # from the first input to the last answer


@dataclass(frozen=True, slots=True)
class Report:
    """What the driver has to know of an instance."""

    place: Place
    version: str
    finished: bool
    released: bool
    sent: int  # batches on their way
    token: bytes
    told: tuple[Record, ...]
    seconds: float


def reports(pairs: Iterable[Pair]) -> Iterator[Report]:
    """What the driver has to know of a partition's instances."""
    for place, kept in pairs:
        assert isinstance(kept, Kept)
        yield Report(
            place, kept.version, kept.finished, kept.released, len(kept.out), kept.token, kept.told, kept.seconds
        )

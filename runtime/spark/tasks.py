"""What the tasks of a stream job are told. Job.py imports it, and so do tasks, before what travels with them can be
imported."""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from pyspark import RDD

from sferic.runtime.spark.flow import Flow
from sferic.runtime.spark.kept import Kept, Pair, Place
from sferic.runtime.spark.records import Record
from sferic.runtime.spark.storage import Made
from sferic.runtime.spark.workers import settle


@dataclass(frozen=True, slots=True)
class Step:
    """One superstep, as every task is told.

    `done`: stages whose instances have all finished; `patience`: seconds to wait for a source; `most`: items that each
    source instance gives, about; `arrives`: may there be anything on its way?
    """

    number: int
    done: frozenset[str]
    stop: bool
    patience: float
    most: int
    arrives: bool


@dataclass(frozen=True, slots=True)
class Tasks:
    """What every task of a superstep is told. `made`: which partitions were computed."""

    flow: Flow
    run: str
    attempt: int
    key: bytes
    partitions: int
    made: Made
    step: Step

    def beside(self, kept: "RDD[Any]", arrived: "RDD[Any]") -> "RDD[Any]":
        """What is kept of an instance and what has arrived for it, in one partition. Where nothing has, nothing is
        shuffled."""
        if not self.step.arrives and kept.getNumPartitions() == self.partitions:
            return kept
        both = kept.union(arrived)
        if both.getNumPartitions() != self.partitions:  # what is kept was made by another driver
            both = kept.partitionBy(self.partitions, place).union(arrived)
        return both

    def on_their_way(self, pairs: Iterable[Pair]) -> Iterator[tuple[Place, Record]]:
        """For `mapPartitions`: the batches that the instances sent, each with the place that it is for."""
        self.made.add("out")
        for _, kept in pairs:
            assert isinstance(kept, Kept)
            yield from kept.out

    def instances(self, pairs: Iterable[Pair]) -> Iterator[Pair]:
        """For `mapPartitions`: the instances take what has arrived, and what is kept of them comes out."""
        self.made.add("in")
        root = self.flow.here()
        from sferic.runtime.spark.superstep import Instances  # noqa: PLC0415 - needs packages that came along

        settle()
        held = Instances(self.flow.plan, self.run, self.attempt, self.key, root)
        return held.superstep(pairs, self.step)


Superstep = Callable[["RDD[Any]", Tasks], "RDD[Any]"]


class Ticking(Protocol):
    """A run, as a job's stream sees it. `clock`: a folder in which no file ever is."""

    clock: str

    def tick(self, at: datetime, superstep: Superstep) -> None:
        """For `foreachRDD`: make supersteps."""
        ...


def place(place: Place) -> int:
    """The partition of an instance, modulo their number."""
    return place


def end_instances(run: str) -> None:
    """The processes that hold instances of a run on this machine see that it is over."""
    for folder in Path(tempfile.gettempdir()).glob(f"sferic-{run}-*"):
        shutil.rmtree(folder, ignore_errors=True)

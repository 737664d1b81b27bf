"""A Spark task that is one instance of one stage: it supervises a forked process with the host in it."""

import itertools
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pyspark import SparkFiles

from sferic.runtime.frames import Emit
from sferic.runtime.local.attempt import ends
from sferic.runtime.local.child import WINDOW, Input, Instance, Settings
from sferic.runtime.local.children import Children
from sferic.runtime.observe import Event
from sferic.runtime.spark.flow import Orders
from sferic.runtime.spark.records import EVENT, Record, Sender

_AHEAD = 64  # batches read before the child has answered those before them


class _Ended(Exception):  # noqa: N818 - the way out of a task, not an error
    """This event ends the attempt, wherever it came from: the driver will say so."""


def run_instance(
    orders: Orders, root: Path, stage: str, rank: int, arrived: Iterable[tuple[Any, bytes]]
) -> Iterator[Record]:
    """Feed the instance the batches that have arrived, to its end; what it sends, and what happens, comes out."""
    # There Spark leaves nothing behind, whatever kills this worker.
    folder = Path(tempfile.mkdtemp(prefix="sferic-", dir=SparkFiles.getRootDirectory()))
    task = _Task(orders, root, stage, rank, folder)
    try:
        yield from task.records(iter(arrived))
    finally:
        task.close()
        shutil.rmtree(folder)


class _Stop:
    """Asked to stop by a file that appears."""

    def __init__(self, path: str) -> None:
        self._path = path

    @property
    def requested(self) -> bool:
        return bool(self._path) and os.path.exists(self._path)  # noqa: PTH110 - it is looked at all the time


class _Task:
    """Carries the batches of one instance."""

    def __init__(self, orders: Orders, root: Path, stage: str, rank: int, folder: Path) -> None:
        plan = orders.flow.plan
        plan.write(folder / "plan.json")
        places = {each.id: place for place, each in enumerate(plan.stages)}
        self._sender: Sender = (places[stage], rank)
        self._sent = itertools.count()
        self._out: list[Record] = []
        self._instance = Instance(1, stage, rank, plan.stage(stage).source)
        self._acks: list[int] = []
        settings = Settings(folder / "plan.json", root, orders.attempt, WINDOW, orders.key)
        self._children = Children(
            plan, [self._instance], settings, None, self, _Stop(orders.stop), inherited=open_sockets()
        )

    def records(self, arrived: Iterator[tuple[Any, bytes]]) -> Iterator[Record]:
        """Run to the end of the input, and of postprocess."""
        numbers = itertools.count(1)
        more = not self._instance.source
        try:
            while not self._instance.finished:
                while more and len(self._instance.waiting) < _AHEAD:
                    batch = next(arrived, None)
                    more = batch is not None
                    if batch is not None:
                        self._instance.waiting.append(Input(next(numbers), batch[1], frozenset()))
                if not (more or self._instance.source):
                    self._instance.finish()
                self._children.turn()
                yield from self._taken()
        except _Ended:
            pass
        yield from self._taken()
        for _ in arrived:
            pass  # Spark uses a worker again only if it has read all it was given

    def _taken(self) -> list[Record]:
        """What is to be passed on; it counts as processed, since without its output this task would run again."""
        out, self._out = self._out, []
        if self._acks:
            self._instance.acked(self._acks)
            self._acks = []
        if self._instance.loose:
            self._instance.loose_done(list(self._instance.loose))
        return out

    def close(self) -> None:
        """Leave no process behind."""
        self._children.close()

    def answered(self, instance: Instance, done: list[Input], emits: list[Emit]) -> None:
        """Batches go on."""
        self._send(emits)

    def emitted(self, instance: Instance, group: int, emits: list[Emit]) -> None:
        """Batches of a source, or of an `every` method."""
        if group:
            self._acks.append(group)
        else:
            instance.wrote_loose(len(emits))
        self._send(emits)

    def saved(self, instance: Instance, token: bytes, state: bytes) -> None:
        """Nobody asks for it here."""

    def lost(self, instance: Instance) -> bool:
        """Nothing of it was kept."""
        return False

    def set_aside(self, given: Input) -> None:
        """Nothing comes of it."""

    def event(self, event: Event) -> None:
        """For the driver."""
        self._out.append((EVENT, 0, self._sender, next(self._sent), json.dumps(event).encode()))
        if ends(event):
            raise _Ended

    def _send(self, emits: list[Emit]) -> None:
        self._out += [(emit.link, emit.bucket, self._sender, next(self._sent), emit.batch) for emit in emits]


def open_sockets() -> list[int]:
    """This worker's: while a child held them, nobody would see that the worker is gone."""
    with os.scandir("/dev/fd") as entries:
        fds = [int(entry.name) for entry in entries]
    return [fd for fd in fds if _is_socket(fd)]


def _is_socket(fd: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:  # that of the listing itself
        return False

"""Runs a source: calls it, pulls it or reads it, and lets its items go as they are written."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import GeneratorType
from typing import Any, cast

from sferic.runtime.host.failures import ITEM_ERRORS, SourceStopped
from sferic.runtime.host.ownership import IMMUTABLE, own
from sferic.runtime.host.step import PAGE_PE, PAGE_STATE, PAGE_STEP, WAITING, WORKING, Page, Step
from sferic.runtime.pe import ProducerPE, knows_position
from sferic.runtime.plan import RootInput

_GATHER = 64  # the most items of a source that are passed on together
_LOOK = 0.05  # seconds between two looks at whether a waiting source is to stop


class SourceRunner:
    """One source PE of a stage.

    A source's writes pass on as they come, as it may never return: at once where `due()` says that nothing was sent
    for a while, else some together; `moved(position)` is told where it stands after each
    item, `wrote()` that items went out, `waiting()` that it has none for now; `stopping()` says that it
    is to end.
    """

    def __init__(
        self,
        step: Step,
        given: RootInput,
        *,
        instances: int,
        stopping: Callable[[], bool],
        moved: Callable[[Any], None],
        wrote: Callable[[], None],
        due: Callable[[], bool],
        lock: AbstractContextManager[Any],
        waiting: Callable[[], None],
        page: Page,
    ) -> None:
        self._step = step
        self._page = page
        self._given = given
        self._rank = step.pe.rank
        self._instances = instances
        self._stopping = stopping
        self._moved = moved
        self._wrote = wrote
        self._due = due
        self._lock = lock
        self._written = 0
        self._most = 1  # items gathered before they are passed on
        self._gathered: dict[str, list[Any]] = {port: [] for port in step.receivers}
        self._waiting = waiting

    def run(self, position: Any) -> None:
        """Run the source to its end, from `position` on (None: from the beginning)."""
        if isinstance(self._step.pe, ProducerPE):
            self._step.pe.__dict__["wait"] = self._wait
        try:
            if self._given.items is not None:
                self._run_items(self._given.items, position)
            elif knows_position(self._step.pe):
                self._stream(lambda: self._read(position))
            else:
                self._run_calls(position)
        except SourceStopped:
            pass  # asked to end: its postprocess comes next, as at any end

    def _mine(self, count: int) -> range:
        """Which of `count` calls or items fall to this instance: dealt in turn, all where the source splits."""
        return range(count) if self._step.planned.splits else range(self._rank, count, self._instances)

    def _run_items(self, items: tuple[Any, ...], position: Any) -> None:
        run = self._step.runner(None)
        for index in self._mine(len(items)):
            if self._stopping():
                return
            if position is None or index > position:
                run([items[index]])
                self._wrote()
                self._moved(index)

    def _run_calls(self, position: Any) -> None:
        for index in self._mine(self._given.calls):
            if self._stopping():
                return
            if position is None or index > position:
                self._stream(lambda: self._step.pe.process({}))

    def _read(self, position: Any) -> None:
        source = cast(ProducerPE, self._step.pe)
        for item, after in source.read(position):
            source.write(source.OUTPUT_NAME, item)
            self._moved(after)

    def _wait(self, seconds: float) -> None:
        """Sleep in pieces: what is due goes on meanwhile, and a stop is seen."""
        self.pass_on()
        self._wrote()
        until = time.monotonic() + seconds
        self._page[PAGE_STATE] = WAITING
        try:
            while True:
                if self._stopping():
                    raise SourceStopped
                self._waiting()
                left = until - time.monotonic()
                if left <= 0:
                    return
                time.sleep(min(left, _LOOK))
        finally:
            self._page[PAGE_STATE] = WORKING

    def _stream(self, body: Callable[[], Any]) -> None:
        """Run the user's code with a `write` that passes items on at once, and pull it if it is a generator."""
        step = self._step
        step.pe.__dict__["write"] = step.pe.__dict__["_write"] = self._streaming_write()
        step.items_in += 1
        self._page[PAGE_PE] = step.index
        try:
            result = body()
            if result is not None:
                step._returned(result) if not isinstance(result, GeneratorType) else self._pull(result)  # pyright: ignore[reportPrivateUsage]
        except ITEM_ERRORS as error:
            step.failed += 1
            step.failures.item_failed("a call of the source", error)
        finally:
            self.pass_on()
            self._wrote()
            step.install_write()

    def _pull(self, generator: Any) -> None:
        for _ in self._pulled(cast(Iterator[Any], generator)):
            pass

    def _pulled(self, generator: Iterator[Any]) -> Iterator[None]:
        for item in generator:
            self._step._returned(item)  # pyright: ignore[reportPrivateUsage]
            yield

    def _streaming_write(self) -> Callable[[str, Any], None]:
        step, stopping, due, gathered = self._step, self._stopping, self._due, self._gathered
        owner = threading.get_ident()

        def write(name: str, data: Any) -> None:
            items = gathered.get(name)
            if items is None:
                raise step.unknown_port(name)
            items.append(data if type(data) in IMMUTABLE else own(data))
            count = len(items)
            if count >= self._most or (count == 1 and due()):
                if threading.get_ident() != owner:
                    raise RuntimeError(f"{step.planned.path} wrote from another thread than the one it was called on")
                self.pass_on()
                self._wrote()
                if stopping():
                    raise SourceStopped

        return write

    def pass_on(self) -> None:
        """Hand what is gathered to the receivers; also on the thread that sends what has waited long enough."""
        with self._lock:
            for port, gathered in self._gathered.items():
                count = len(gathered)
                if count:
                    items = gathered[:count]
                    del gathered[:count]  # what another thread appended meanwhile stays
                    self._step.items_out += count
                    self._step.deliver(port, items)
                    # PEs of this stage took them and told the page so; now it is the source's turn again.
                    self._page[PAGE_PE] = self._step.index
                    self._written += count
                    self._page[PAGE_STEP] = self._written
            self._most = min(_GATHER, self._step.room())

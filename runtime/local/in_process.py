"""Runs a plan in this process, item by item: for tests, notebooks and debugging. Deterministic; no codec, no server."""

import copy
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sferic.runtime.codec import GeneralCodec
from sferic.runtime.definition import Definition
from sferic.runtime.host import Host
from sferic.runtime.host.failures import RunStopped
from sferic.runtime.host.outputs import Refuse, accepted, raise_it
from sferic.runtime.host.ownership import own
from sferic.runtime.host.source import Source
from sferic.runtime.host.step import allow_calls
from sferic.runtime.host.turns import Turns
from sferic.runtime.observe import Observer, StopRequest
from sferic.runtime.outline import Element
from sferic.runtime.pe import GenericPE
from sferic.runtime.plan import RESULTS, Link, Plan, Stage
from sferic.runtime.process import at_work, capture_output

_COUNT_EVERY = 0.2  # seconds between counters
_NO_TIMER = 60.0  # seconds


class _NotCopied(Exception):  # noqa: N818 - names the situation
    """An instance cannot have a copy of its own of a PE; the text says which, why, and what to do."""


class _Queue:
    """The links of an in-process run: batches wait here until the items before them are through."""

    def __init__(self, plan: Plan, observer: Observer) -> None:
        self._observer = observer
        self._waiting: deque[tuple[Link, int, list[Any]]] = deque()
        self.codec = GeneralCodec() if plan.check_items else None
        ports = Counter((link.from_pe, link.from_port) for link in plan.links)
        self._forked = {port for port, count in ports.items() if count > 1}
        self.hosts: dict[str, list[Host]] = {}
        self.at_work: Host | None = None

    def put(self, link: Link, bucket: int, items: list[Any]) -> None:
        """Items on their way to a stage, or to the results."""
        if self.codec is None and (link.from_pe, link.from_port) in self._forked:
            items = [own(item) for item in items]
        if link.to_stage == RESULTS:
            self._observer.result(link.from_pe, link.from_port, items)
        else:
            self._waiting.append((link, bucket, items))

    def who(self) -> tuple[str, int]:
        """(path, rank) of the PE at work."""
        host = self.at_work
        return at_work(host.stage, host.rank, host.page) if host is not None else ("", 0)

    def drain(self) -> None:
        """Run all that waits, in the order in which it was sent."""
        before = self.at_work
        while self._waiting:
            link, bucket, items = self._waiting.popleft()
            self.at_work = host = self.hosts[link.to_stage][bucket]
            host.feed(link.id, items)
            host.timers.run_due()
        self.at_work = before


class _Outlet:
    """What leaves one host; an item that the codec refuses fails by itself, as on other targets."""

    first_limit = 1

    def __init__(self, queue: _Queue) -> None:
        self._queue = queue
        self.refused: Refuse = raise_it

    def send(self, link: Link, bucket: int, items: list[Any]) -> int:
        codec = self._queue.codec
        if codec is not None:
            arrived = accepted(link, items, lambda sent: codec.decode(codec.encode(sent)), self.refused)
            items = [] if arrived is None else arrived[1]
        if items:
            self._queue.put(link, bucket, items)
        return 1


def run_in_process(
    plan: Plan,
    definition: Definition,
    observer: Observer,
    stop: StopRequest,
    clock: Callable[[], float] = time.monotonic,
    *,
    capture: bool = False,
) -> None:
    """Run `plan` to its end; what happens goes to `observer`. The definition's PEs stay as they are.

    `capture`: what PEs print and log becomes events, as it does in other targets; for the one run of a process.
    """
    allow_calls(max((len(stage.pes) for stage in plan.stages), default=0))
    queue = _Queue(plan, observer)
    try:
        for stage in plan.stages:
            queue.hosts[stage.id] = []
            for rank in range(stage.instances):
                outlet = _Outlet(queue)
                own_pes = _own_pes(definition, stage)
                host = Host(plan, stage, rank, own_pes, outlet=outlet, tell=observer.event, clock=clock)
                outlet.refused = host.refused
                queue.hosts[stage.id].append(host)
    except _NotCopied as error:
        observer.event({"event": "error", "kind": "input", "text": str(error)})
        return
    put_back = capture_output(observer.event, queue.who) if capture else _nothing
    try:
        _run(plan, queue, stop, observer)
    except RunStopped:
        pass  # the observer was told why
    finally:
        put_back()
    _tell_counts(queue, observer)


def _nothing() -> None:
    pass


def _tell_counts(queue: _Queue, observer: Observer) -> None:
    for hosts in queue.hosts.values():
        for host in hosts:
            observer.event({"event": "counts", "rank": host.rank, "pes": host.counts()})


def _run(plan: Plan, queue: _Queue, stop: StopRequest, observer: Observer) -> None:
    hosts = [host for stage in plan.stages for host in queue.hosts[stage.id]]
    timed: list[Host] = []
    counted = time.monotonic()

    def between() -> float:
        nonlocal counted
        if time.monotonic() - counted > _COUNT_EVERY:
            counted = time.monotonic()
            _tell_counts(queue, observer)
        for host in timed:
            queue.at_work = host
            if host.timers.run_due():
                queue.drain()
        waits = [wait for host in timed if (wait := host.timers.wait()) is not None]
        return min(waits, default=_NO_TIMER)

    host_of = {source: host for host in hosts for source in host.sources}

    def turn(source: Source) -> None:
        queue.at_work = host_of[source]

    turns = Turns([*host_of], stopping=lambda: stop.requested, wrote=queue.drain, between=between, turn=turn)
    try:
        for host in hosts:
            queue.at_work = host
            host.open()
        timed += [host for host in hosts if host.timers]
        turns.run()
        for host in hosts:  # stages are in topological order: what one writes reaches the next before it finishes
            queue.at_work = host
            host.finish()
            queue.drain()
    finally:
        turns.close()


def _own_pes(definition: Definition, stage: Stage) -> Definition:
    """The definition with copies of this stage's PEs, so that instances and runs share no state."""
    mine = {pe.path for pe in stage.pes}
    memo: dict[int, Any] = {}
    elements = tuple(
        replace(element, pe=_copied(element, memo)) for element in definition.elements if element.path in mine
    )
    return replace(definition, elements=elements)


def _copied(element: Element, memo: dict[int, Any]) -> GenericPE:
    try:
        return copy.deepcopy(element.pe, memo)
    except Exception as error:  # whatever the class of a user's attribute raises
        what = f"{type(error).__name__}: {error}"
        raise _NotCopied(
            f"{element.location}: {element.path} cannot be copied for an instance of its own{_which(element.pe)} "
            f"({what}). What belongs to one process (a lock, an open file, a connection) is made in `preprocess`"
        ) from error


def _which(pe: GenericPE) -> str:
    for name, value in vars(pe).items():
        try:
            copy.deepcopy(value)
        except Exception:  # noqa: BLE001 - as above
            return f": its attribute `{name}` is a {type(value).__name__}"
    return ""

"""The light way: a workflow written as what happens to its items, step after step.

It builds the same graph as `connect` does: each step adds a PE and connections, and stays free to be mixed with `add`,
`connect` and `partitions`. What is wrong is told with all else, at the line of the step.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from sferic.runtime.functions import StandIn
from sferic.runtime.location import caller
from sferic.runtime.making import NotMade, called, join, make
from sferic.runtime.pe import GenericPE, Grouping
from sferic.runtime.settings import SETTING_NAMES
from sferic.runtime.workflow import Flaw, WorkflowGraph

_SETTINGS = {*SETTING_NAMES, "name", "optional"}


class Workflow(WorkflowGraph):
    """A workflow that is built from its sources on."""

    def source(self, what: Any, *args: Any, **more: Any) -> "Stream":
        """A stream of the items that `what` gives: a function that yields or returns them, called with `args`; a PE or
        its class; or the items themselves, in a list.

        In every step `more` may hold settings (``retries=3``, ``name="…"``), and arguments of the function or class.
        """
        if isinstance(what, Collection) and not isinstance(what, (str, bytes, Mapping)):
            items = list(cast(Collection[Any], what))
            pe = self._add(lambda: items, "source", (), more)
            pe.base_name = "items"
            return self._stream(pe)
        return self._stream(self._add(what, "source", args, more))

    def join(self, what: Any, *args: Any, **more: Any) -> "Stream":
        """A PE with several input ports, each given its stream by keyword: ``wf.join(Join, left=a, right=b)``."""
        streams = {port: stream for port, stream in more.items() if isinstance(stream, Stream)}
        pe = self._add(what, "", args, {key: value for key, value in more.items() if key not in streams})
        for port, stream in streams.items():
            stream.lead_to(pe, port)
        return self._stream(pe)

    def _add(self, what: Any, way: str, args: tuple[Any, ...], more: dict[str, Any], **how: Any) -> GenericPE:
        settings = {key: value for key, value in more.items() if key in _SETTINGS}
        params = {key: value for key, value in more.items() if key not in _SETTINGS}
        try:
            pe = make(what, way, args, params, **how)
        except NotMade as error:
            self.flaw(str(error), error.remedy)
            pe = StandIn()
            pe.base_name = called(what)
        return self.add(pe, **settings)

    def _stream(self, pe: GenericPE) -> "Stream":
        return Stream(self, (_End(pe),))

    def flaw(self, text: str, remedy: str = "") -> None:
        """Note what is wrong in the line that called."""
        self.flaws.append(Flaw(text, caller(), remedy))


@dataclass(frozen=True, slots=True, eq=False)
class _End:
    """Where items of a stream come from, and how they choose the instance of what is next. No port: the only one."""

    pe: GenericPE
    port: str | None = None
    grouping: Grouping = None


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Items on their way. Each step gives a new stream; one that is used twice goes both ways."""

    workflow: Workflow
    ends: tuple[_End, ...]
    instances: int | None = None  # of the PE that is next

    @property
    def pe(self) -> GenericPE:
        """The PE whose items these are; for results, `partitions` and `connect`."""
        return self.ends[0].pe

    def __getitem__(self, port: str) -> "Stream":
        """The items of one output port."""
        return replace(self, ends=tuple(replace(end, port=port) for end in self.ends))

    def map(self, function: Callable[..., Any], **more: Any) -> "Stream":
        """What `function` returns for each item; None is left out."""
        return self._step(function, "map", (), more)

    def flat_map(self, function: Callable[..., Any], **more: Any) -> "Stream":
        """Each item of what `function` returns or yields."""
        return self._step(function, "flat_map", (), more)

    def filter(self, function: Callable[..., Any], **more: Any) -> "Stream":
        """The items of which `function` says something true."""
        return self._step(function, "filter", (), more)

    def branch(self, function: Callable[..., Any], *ports: str, **more: Any) -> "Stream":
        """The same items at several ports: each at the one that `function` names, or at none for None.

        ``sides = numbers.branch(side, "low", "high"); sides["low"].map(…)``
        """
        return self._step(function, "branch", (), more, ports=ports)

    def apply(self, what: Any, *args: Any, into: str | None = None, **more: Any) -> "Stream":
        """A PE, or its class with arguments; `into`: its input port where it has several."""
        return self._step(what, "", args, more, into=into)

    def sink(self, what: Any, *args: Any, **more: Any) -> GenericPE:
        """The end of the way: a function that is called with each item, or a PE or its class."""
        return self._step(what, "sink", args, more).pe

    def fold(self, start: Any, function: Callable[..., Any], *, running: bool = False, **more: Any) -> "Stream":
        """One value of all items, ``function(value so far, item)``; `start` is the first, or makes it if it can be
        called. After `key_by` a value for each key, as ``(key, value)``. At the end, or after each item if `running`.
        """
        keys = [end.grouping for end in self.ends]
        key = keys[0] if keys[0] not in ("all", "global", "shuffle") else None
        if any(one is not keys[0] for one in keys):
            self.workflow.flaw("the streams of a fold have different keys", "say key_by after merge")
        return self._step(function, "fold", (), more, start=start, key=key, running=running)

    def count(self, *, running: bool = False, **more: Any) -> "Stream":
        """How many items; after `key_by` how many of each key, as ``(key, count)``."""
        return self.fold(0, count, running=running, **more)

    def key_by(self, key: Grouping, instances: int | None = None) -> "Stream":
        """Items with equal keys reach the same instance of what is next, which has so many. `key`: a function, or
        positions or names in the item."""
        if isinstance(key, str) or not isinstance(key, (Callable, list, tuple)):
            key = [key]
        return replace(self._grouped(key), instances=instances)

    def to_all(self) -> "Stream":
        """Every item reaches every instance of what is next."""
        return self._grouped("all")

    def to_one(self) -> "Stream":
        """All items reach the first instance of what is next."""
        return self._grouped("global")

    def merge(self, *others: "Stream") -> "Stream":
        """The items of this stream and of the others."""
        streams = (self, *others)
        instances = next((stream.instances for stream in streams if stream.instances is not None), None)
        return replace(self, ends=tuple(end for stream in streams for end in stream.ends), instances=instances)

    def lead_to(self, pe: GenericPE, port: str | None = None) -> None:
        """Connect to `port` of `pe`, or to its only input port."""
        for end in self.ends:
            join(self.workflow, (end.pe, end.port), (pe, port), caller(), end.grouping, _which)

    def _step(
        self, what: Any, way: str, args: tuple[Any, ...], more: dict[str, Any], into: str | None = None, **how: Any
    ) -> "Stream":
        if self.instances is not None:
            more = {"numprocesses": self.instances, **more}
        pe = self.workflow._add(what, way, args, more, **how)  # pyright: ignore[reportPrivateUsage] - of this module
        self.lead_to(pe, into)
        return Stream(self.workflow, (_End(pe),))

    def _grouped(self, grouping: Grouping) -> "Stream":
        return replace(self, ends=tuple(replace(end, grouping=grouping) for end in self.ends))


def _which(kind: str, _: Sequence[str]) -> str:
    return "say which with into=" if kind == "input" else "say which: stream[PORT]"


def count(so_far: int, _: Any) -> int:
    """One more."""
    return so_far + 1

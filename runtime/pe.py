"""The base classes of processing elements: what a user's file imports and extends.

The programming model is dispel4py's (Filgueira et al., "dispel4py: A Python framework for data-intensive
scientific computing", IJHPCA 31(4), 2017); both spellings of its names work.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, TypeVar

from sferic.runtime.location import Location, caller
from sferic.runtime.settings import BatchLimits

Grouping = Any  # as users write it: None, 'all', 'global', fields, or a key function
Connection = dict[str, Any]
F = TypeVar("F", bound=Callable[..., Any])


class NotRunningError(RuntimeError):
    """A PE was asked to write or log while no host runs it."""


def every(seconds: float) -> Callable[[F], F]:
    """Mark a method to be called between items, each `seconds` of the host's clock.

    A source's own are called while it writes or is in `wait`, not while it is in its own code.
    """
    if not seconds > 0:
        raise ValueError("every() takes a number of seconds above 0")

    def mark(method: F) -> F:
        method.__sferic_every__ = float(seconds)  # type: ignore[attr-defined]
        return method

    return mark


class GenericPE:
    """A processing element with any number of named input and output ports.

    `process` gets ``{port: item}`` and may return ``{port: item}``, call `write(port, item)`, or be a generator of
    such dicts.
    """

    numprocesses: int | None = None
    single: bool = False
    stateless: bool = False
    per_key: bool = False
    endless: bool = False
    splits: bool = False
    readonly: bool = False
    retries: int = 0
    on_failure: str | None = None
    hang_timeout: float | None = None
    codec: str | None = None
    batch: BatchLimits | dict[str, Any] | None = None
    memory: int | None = None
    cpu: float | None = None
    optional: tuple[str, ...] | list[str] = ()

    rank: int = 0
    name: str = ""
    base_name: str = ""  # what the name is made from where the user sets none; the class's name if empty
    id: str = ""
    inputconnections: dict[str, Connection]
    outputconnections: dict[str, Connection]
    _made_at: Location

    def __new__(cls, *_args: Any, **_kwargs: Any) -> "GenericPE":
        # In __new__, so that a subclass that forgets super().__init__() still is a whole PE.
        pe = super().__new__(cls)
        pe.inputconnections = {}
        pe.outputconnections = {}
        pe._made_at = caller()
        return pe

    def __init__(self, numprocesses: int | None = None) -> None:
        if numprocesses is not None:
            self.numprocesses = numprocesses

    def _add_input(
        self, name: str, grouping: Grouping = None, tuple_type: Any = None, *, optional: bool = False
    ) -> None:
        self.inputconnections[name] = {"name": name, "grouping": grouping}
        if tuple_type is not None:
            self.inputconnections[name]["type"] = tuple_type
        if optional:
            self.inputconnections[name]["optional"] = True

    def _add_output(self, name: str, tuple_type: Any = None) -> None:
        self.outputconnections[name] = {"name": name}
        if tuple_type is not None:
            self.outputconnections[name]["type"] = tuple_type

    def add_input(
        self, name: str, grouping: Grouping = None, tuple_type: Any = None, *, optional: bool = False
    ) -> None:
        """Declare an input port. `grouping`: None (shuffle), fields, 'all', 'global' or a key function."""
        self._add_input(name, grouping, tuple_type, optional=optional)

    def add_output(self, name: str, tuple_type: Any = None) -> None:
        """Declare an output port."""
        self._add_output(name, tuple_type)

    def write(self, name: str, data: Any) -> None:
        """Send `data` out of the port `name`. Only while a host runs this PE."""
        raise NotRunningError(
            f"{type(self).__name__}.write({name!r}, …) was called outside a run; it works while sferic.run(graph) does"
        )

    def log(self, msg: object) -> None:
        """Say something in the log, under this PE's name and rank."""
        raise NotRunningError(f"{type(self).__name__}.log() was called outside a run")

    def preprocess(self) -> None:
        """Run once an instance, before any item."""
        self._preprocess()

    def _preprocess(self) -> None:
        return None

    def process(self, inputs: dict[str, Any]) -> Any:
        """Handle one item: ``{port: item}``, empty for a source."""
        return self._process(inputs)

    def _process(self, inputs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} defines neither process nor _process")

    def postprocess(self) -> Any:
        """Run once an instance, after all its inputs have ended; may return what `process` may."""
        return self._postprocess()

    def _postprocess(self) -> Any:
        return None


class IterativePE(GenericPE):
    """One input, one output; `_process(item)` returns the item to write, or None for nothing."""

    INPUT_NAME: ClassVar[str] = "input"
    OUTPUT_NAME: ClassVar[str] = "output"

    def __new__(cls, *args: Any, **kwargs: Any) -> "IterativePE":
        pe = super().__new__(cls, *args, **kwargs)
        assert isinstance(pe, IterativePE)
        pe._add_input(cls.INPUT_NAME)
        pe._add_output(cls.OUTPUT_NAME)
        return pe

    def process(self, inputs: dict[str, Any]) -> Any:
        return self._process(inputs[self.INPUT_NAME])


class ProducerPE(GenericPE):
    """A source: no input, one output; `_process` writes, returns or yields items.

    It runs on a thread of its own, preprocess and postprocess included, and may sleep or block as it likes.
    """

    OUTPUT_NAME: ClassVar[str] = "output"

    def __new__(cls, *args: Any, **kwargs: Any) -> "ProducerPE":
        pe = super().__new__(cls, *args, **kwargs)
        assert isinstance(pe, ProducerPE)
        pe._add_output(cls.OUTPUT_NAME)
        return pe

    def read(self, position: Any) -> Iterator[tuple[Any, Any]]:
        """Yield ``(item, position after it)`` from `position` on, None at first; only in sources that know theirs."""
        raise NotImplementedError

    def committed(self, position: Any) -> None:
        """All items up to `position` are processed everywhere; called in order."""

    def wait(self, seconds: float) -> None:
        """Sleep until it is worth looking for new items. Unlike `time.sleep` it ends a source that is to stop."""
        time.sleep(seconds)


class ConsumerPE(GenericPE):
    """A sink: one input, no output."""

    INPUT_NAME: ClassVar[str] = "input"

    def __new__(cls, *args: Any, **kwargs: Any) -> "ConsumerPE":
        pe = super().__new__(cls, *args, **kwargs)
        assert isinstance(pe, ConsumerPE)
        pe._add_input(cls.INPUT_NAME)
        return pe

    def process(self, inputs: dict[str, Any]) -> Any:
        return self._process(inputs[self.INPUT_NAME])


class SimpleFunctionPE(IterativePE):
    """A plain function as a PE: stateless, what it returns is written, None is not."""

    stateless = True

    def __init__(self, compute_fn: Callable[..., Any] | None = None, params: dict[str, Any] | None = None) -> None:
        super().__init__()
        if compute_fn is not None:
            self.compute_fn = compute_fn
            self.base_name = getattr(compute_fn, "__name__", "")
        self.params = dict(params or {})

    def _process(self, data: Any) -> Any:
        return self.compute_fn(data, **self.params)


def input_name(pe: GenericPE) -> str | None:
    """The port whose bare items `pe` takes, for PEs of the iterative kind whose `process` is not overridden."""
    if isinstance(pe, (IterativePE, ConsumerPE)):
        own = type(pe).process
        if own is IterativePE.process or own is ConsumerPE.process:
            return pe.INPUT_NAME
    return None


def output_name(pe: GenericPE) -> str | None:
    """The port that bare returned or yielded items go to; None where `process` returns ``{port: item}``."""
    return pe.OUTPUT_NAME if isinstance(pe, (IterativePE, ProducerPE)) else None


def knows_position(pe: GenericPE) -> bool:
    """True for a source that can begin again where it was."""
    return isinstance(pe, ProducerPE) and type(pe).read is not ProducerPE.read

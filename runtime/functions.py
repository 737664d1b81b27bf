"""Plain functions as PEs: a class for each way in which a function can be used."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from sferic.runtime.pe import ConsumerPE, GenericPE, IterativePE, ProducerPE, SimpleFunctionPE
from sferic.runtime.routing import key_getter

Function = Callable[..., Any]
_NAN = float("nan")
_LIST: Any = list


class FlatMapPE(SimpleFunctionPE):
    """Writes each item of what the function returns or yields."""

    def _process(self, data: Any) -> None:
        write = self.write
        found = self.compute_fn(data, **self.params)
        for item in found if type(found) is _LIST else items_of(found, self.compute_fn):
            write("output", item)


class FilterPE(SimpleFunctionPE):
    """Passes an item on where the function says something true about it."""

    def _process(self, data: Any) -> None:
        if self.compute_fn(data, **self.params):
            self.write("output", data)


class BranchPE(GenericPE):
    """Passes an item on through the port that the function names; None: through none."""

    stateless = True

    def __init__(self, function: Function, ports: Sequence[str], params: Mapping[str, Any]) -> None:
        super().__init__()
        self.add_input("input")
        for port in ports:
            self.add_output(port)
        self.function, self.params = function, dict(params)

    def process(self, inputs: dict[str, Any]) -> None:
        """Write the item where it belongs."""
        item = inputs["input"]
        port = self.function(item, **self.params)
        if port is not None:
            self.write(port, item)


class SinkPE(ConsumerPE):
    """Calls the function with each item, and writes nothing."""

    stateless = True

    def __init__(self, function: Function, params: Mapping[str, Any]) -> None:
        super().__init__()
        self.function, self.params = function, dict(params)

    def _process(self, inputs: Any) -> None:
        self.function(inputs, **self.params)


class SourcePE(ProducerPE):
    """Writes each item of what the function, called once, returns or yields."""

    def __init__(self, function: Function, args: Sequence[Any], params: Mapping[str, Any]) -> None:
        super().__init__()
        self.function, self.args, self.params = function, tuple(args), dict(params)

    def _process(self, inputs: Any) -> Iterator[Any]:
        yield from items_of(self.function(*self.args, **self.params), self.function)


class FoldPE(IterativePE):
    """One value for each key: ``function(value so far, item)`` of its items, `start` before the first.

    A `start` that can be called makes a new one for each key. Writes ``(key, value)`` at the end, or after each item
    if `running`; without `key` all items belong together, and only the value is written.
    """

    def __init__(self, function: Function, start: Any, key: Any = None, *, running: bool = False) -> None:
        super().__init__()
        self.function, self.start, self.running = function, start, running
        self.keyed = self.per_key = key is not None
        self.key_of = key_function(key) if self.keyed else None
        self.values: dict[Any, Any] = {}

    def _process(self, inputs: Any) -> None:
        key = None if self.key_of is None else self.key_of(inputs)
        if key != key:  # noqa: PLR0124 - NaN, which is one key and not equal to itself
            key = _NAN
        if key not in self.values:
            self.values[key] = self.start() if callable(self.start) else copy.deepcopy(self.start)
        value = self.values[key] = self.function(self.values[key], inputs)
        if self.running:
            self._tell(key, value)

    def _postprocess(self) -> None:
        for key, value in () if self.running else self.values.items():
            self._tell(key, value)

    def _tell(self, key: Any, value: Any) -> None:
        self.write("output", (key, value) if self.keyed else value)


class StandIn(GenericPE):
    """In the place of a PE that could not be made, so that what is around it can be looked at, too."""

    stateless = True


# PEs of which nothing lives from one item to the next, whatever their function is.
OF_FUNCTIONS = (SimpleFunctionPE, FlatMapPE, FilterPE, BranchPE, SinkPE)


def items_of(found: Any, function: Function) -> Iterable[Any]:
    """What a function gave, to be written one by one; TypeError for what is one item."""
    if found is None:
        return ()
    if isinstance(found, (str, bytes, Mapping)) or not isinstance(found, Iterable):
        name, kind = getattr(function, "__name__", repr(function)), type(found).__name__  # pyright: ignore[reportUnknownArgumentType] - users' own
        raise TypeError(f"{name} returned a {kind}: a function whose items are written one by one yields them, "
                        "or returns a list of them")  # fmt: skip
    return found  # pyright: ignore[reportUnknownVariableType]


def key_function(key: Any) -> Callable[[Any], Any]:
    """The function from an item to its key: `key` itself, or what is at these positions or names."""
    if callable(key):
        return key
    fields = tuple(key) if isinstance(key, (list, tuple)) else (key,)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return key_getter(cast(tuple[int | str, ...], fields))

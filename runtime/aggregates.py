"""PEs that say something about all items together: count, sum, min, max, average, standard deviation.

Each writes at the end of its input and, with `every`, so often what it has so far. The parallel forms are composites:
several instances each see a part, one puts together what they saw. All have the ports `input` and `output`.

Items are tuples, lists or dicts, and `index` or `indexes` say which of their values count.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

from sferic.runtime.pe import GenericPE, every_of
from sferic.runtime.workflow import CompositePE


class Fold(Protocol):
    """What an aggregate knows, apart from ports: of items, or put together from the states of others."""

    def add(self, item: Any) -> None:
        """Take an item."""
        ...

    def state(self) -> tuple[Any, ...]:
        """All it knows."""
        ...

    def join(self, state: Sequence[Any]) -> None:
        """Take what another one knows."""
        ...

    def value(self) -> Any:
        """What is written; None where there is nothing to say."""
        ...


class Count:
    """[number of items]"""

    def __init__(self) -> None:
        self._count = 0

    def add(self, item: Any) -> None:
        self._count += 1

    def state(self) -> tuple[int]:
        return (self._count,)

    def join(self, state: Sequence[Any]) -> None:
        self._count += state[0]

    def value(self) -> list[int]:
        return [self._count]


class Sum:
    """[a sum for each index]; of no items zeros."""

    def __init__(self, indexes: Sequence[Any]) -> None:
        self._indexes = indexes
        self._sums: list[Any] = [0 for _ in indexes]

    def add(self, item: Any) -> None:
        self.join([item[index] for index in self._indexes])

    def state(self) -> tuple[Any, ...]:
        return tuple(self._sums)

    def join(self, state: Sequence[Any]) -> None:
        self._sums = [one + other for one, other in zip(self._sums, state, strict=True)]

    def value(self) -> list[Any]:
        return list(self._sums)


class Extreme:
    """[the least or greatest for each index]; of no items nothing."""

    def __init__(self, indexes: Sequence[Any], choose: Callable[[Any, Any], Any]) -> None:
        self._indexes = indexes
        self._choose = choose
        self._found: list[Any] = []

    def add(self, item: Any) -> None:
        self.join([item[index] for index in self._indexes])

    def state(self) -> tuple[Any, ...]:
        return tuple(self._found)

    def join(self, state: Sequence[Any]) -> None:
        if self._found and state:
            self._found = [self._choose(one, other) for one, other in zip(self._found, state, strict=True)]
        elif state:
            self._found = list(state)

    def value(self) -> list[Any] | None:
        return list(self._found) or None


class Average:
    """[average, number of items, sum]; of no items nothing."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self._count: int = 0
        self._sum: Any = 0

    def add(self, item: Any) -> None:
        self.join((1, item[self._index]))

    def state(self) -> tuple[Any, ...]:
        return (self._count, self._sum)

    def join(self, state: Sequence[Any]) -> None:
        self._count += state[0]
        self._sum += state[1]

    def value(self) -> list[Any] | None:
        return [self._sum / self._count, self._count, self._sum] if self._count else None


class Deviation:
    """(standard deviation of a sample, number of items, sum, sum of squares); of no items nothing, and None for the
    deviation of one.

    The squares are of differences from the mean so far (Welford 1962; Chan, Golub and LeVeque 1983 for two parts put
    together): with sums of large squares, small deviations would be lost.
    """

    def __init__(self, index: Any) -> None:
        self._index = index
        self._count = 0
        self._sum: Any = 0
        self._squares: Any = 0
        self._mean = self._apart = 0.0

    def add(self, item: Any) -> None:
        found = item[self._index]
        self.join((1, found, found * found, float(found), 0.0))

    def state(self) -> tuple[Any, ...]:
        return (self._count, self._sum, self._squares, self._mean, self._apart)

    def join(self, state: Sequence[Any]) -> None:
        count, total, squares, mean, apart = state
        if not count:
            return
        before, self._count = self._count, self._count + count
        self._sum += total
        self._squares += squares
        step = mean - self._mean
        self._mean += step * count / self._count
        self._apart += apart + step * step * before * count / self._count

    def value(self) -> tuple[Any, ...] | None:
        if not self._count:
            return None
        deviation = math.sqrt(self._apart / (self._count - 1)) if self._count > 1 else None
        return (deviation, self._count, self._sum, self._squares)


class Folding(GenericPE):
    """One input, one output, and a fold."""

    INPUT_NAME: ClassVar[str] = "input"
    OUTPUT_NAME: ClassVar[str] = "output"

    def __init__(self, fold: Fold, every: float | None = None) -> None:
        super().__init__()
        self._add_input(self.INPUT_NAME)
        self._add_output(self.OUTPUT_NAME)
        self.fold = fold
        self.every_seconds = every

    def process(self, inputs: dict[str, Any]) -> Any:
        """Take the item."""
        self.fold.add(inputs[self.INPUT_NAME])

    def tell(self) -> None:
        """Write what is known."""
        value = self.fold.value()
        if value is not None:
            self.write(self.OUTPUT_NAME, value)

    @every_of("every_seconds")
    def tell_so_far(self) -> None:
        """Write what is known so far."""
        self.tell()

    def postprocess(self) -> None:
        """Write what is known of all."""
        self.tell()


class CountPE(Folding):
    """Writes ``[number of items]``."""

    def __init__(self, every: float | None = None) -> None:
        super().__init__(Count(), every)


class SumPE(Folding):
    """Writes ``[a sum for each index]``."""

    def __init__(self, indexes: Sequence[Any] | None = None, every: float | None = None) -> None:
        super().__init__(Sum(_some(indexes)), every)


class MinPE(Folding):
    """Writes ``[the least for each index]``; nothing of no items."""

    def __init__(self, indexes: Sequence[Any] | None = None, every: float | None = None) -> None:
        super().__init__(Extreme(_some(indexes), min), every)


class MaxPE(Folding):
    """Writes ``[the greatest for each index]``; nothing of no items."""

    def __init__(self, indexes: Sequence[Any] | None = None, every: float | None = None) -> None:
        super().__init__(Extreme(_some(indexes), max), every)


class AveragePE(Folding):
    """Writes ``[average, number of items, sum]``; nothing of no items."""

    def __init__(self, index: Any = 0, every: float | None = None) -> None:
        super().__init__(Average(index), every)


class StdDevPE(Folding):
    """Writes ``(standard deviation, number of items, sum, sum of squares)``, of the items as a sample.

    Nothing of no items; the deviation of one is None.
    """

    def __init__(self, index: Any = 0, every: float | None = None) -> None:
        super().__init__(Deviation(index), every)


class PartPE(Folding):
    """Writes the state of what it saw since it last did: several instances may each see a part."""

    per_key = True  # whatever part of the items an instance sees, the whole is the same

    def __init__(self, make: Callable[..., Fold], arguments: Sequence[Any], every: float | None = None) -> None:
        super().__init__(make(*arguments), every)
        self._make, self._arguments = make, arguments
        self._any = False

    def process(self, inputs: dict[str, Any]) -> Any:
        super().process(inputs)
        self._any = True

    def tell(self) -> None:
        if self._any:
            self.write(self.OUTPUT_NAME, self.fold.state())
            self.fold, self._any = self._make(*self._arguments), False


class WholePE(Folding):
    """Puts parts together."""

    single = True

    def __init__(self, fold: Fold, every: float | None = None) -> None:
        super().__init__(fold, every)
        self.inputconnections[self.INPUT_NAME]["grouping"] = "global"

    def process(self, inputs: dict[str, Any]) -> Any:
        self.fold.join(inputs[self.INPUT_NAME])


def parallel_parts(
    name: str, make: Callable[..., Fold], *arguments: Any, every: float | None = None
) -> tuple[PartPE, WholePE]:
    """(the PE that may have many instances, the one that puts together what they saw), called after `name`."""
    part, whole = PartPE(make, arguments, every), WholePE(make(*arguments), every)
    part.base_name, whole.base_name = f"{name}Part", name
    return part, whole


def parallel_count(every: float | None = None) -> CompositePE:
    """CountPE in many instances."""
    return _parallel("CountPE", Count, every=every)


def parallel_sum(indexes: Sequence[Any] | None = None, every: float | None = None) -> CompositePE:
    """SumPE in many instances."""
    return _parallel("SumPE", Sum, _some(indexes), every=every)


def parallel_min(indexes: Sequence[Any] | None = None, every: float | None = None) -> CompositePE:
    """MinPE in many instances."""
    return _parallel("MinPE", Extreme, _some(indexes), min, every=every)


def parallel_max(indexes: Sequence[Any] | None = None, every: float | None = None) -> CompositePE:
    """MaxPE in many instances."""
    return _parallel("MaxPE", Extreme, _some(indexes), max, every=every)


def parallel_avg(index: Any = 0, every: float | None = None) -> CompositePE:
    """AveragePE in many instances."""
    return _parallel("AveragePE", Average, index, every=every)


def parallel_std_dev(index: Any = 0, every: float | None = None) -> CompositePE:
    """StdDevPE in many instances."""
    return _parallel("StdDevPE", Deviation, index, every=every)


def _parallel(name: str, make: Callable[..., Fold], *arguments: Any, every: float | None) -> CompositePE:
    part, whole = parallel_parts(name, make, *arguments, every=every)
    composite = CompositePE()
    composite.base_name = f"Parallel{name}"
    composite.connect(part, PartPE.OUTPUT_NAME, whole, WholePE.INPUT_NAME)
    composite.map_input(PartPE.INPUT_NAME, part, PartPE.INPUT_NAME)
    composite.map_output(WholePE.OUTPUT_NAME, whole, WholePE.OUTPUT_NAME)
    return composite


def _some(indexes: Sequence[Any] | None) -> tuple[Any, ...]:
    return (0,) if indexes is None else tuple(indexes)

"""What `dispel4py.new.aggregate` has: its names and what they write, counted by sferic's own folds."""

from collections.abc import Sequence
from typing import Any

from sferic.runtime import aggregates as ours
from sferic.runtime.compat.core import GenericPE
from sferic.runtime.compat.workflow_graph import WorkflowGraph


class _Ports(GenericPE):
    INPUT_NAME = "input"
    OUTPUT_NAME = "output"

    def __init__(self, indexes: Sequence[Any] | None = None) -> None:
        super().__init__()
        self._add_input(self.INPUT_NAME)
        self._add_output(self.OUTPUT_NAME)
        self.indexes = [0] if indexes is None else indexes
        self.value: Any = [0 for _ in self.indexes]


class AggregatePE(_Ports):
    """For aggregates of one's own: `_process` keeps `self.value`, which is written at the end."""

    def _postprocess(self) -> None:
        self.write(self.OUTPUT_NAME, self.value)


class ContinuousReducePE(_Ports):
    """For aggregates of one's own: `_process(item)` keeps `self.value`, which is written after each item."""

    def process(self, inputs: dict[str, Any]) -> Any:
        """Take an item, write the value."""
        self._process(inputs[self.INPUT_NAME])
        self.write(self.OUTPUT_NAME, self.value)


class _Folded(_Ports):
    """`value` is the fold's, as long as it has one."""

    def __init__(self, fold: ours.Fold, indexes: Sequence[Any] | None = None) -> None:
        super().__init__(indexes)
        self._fold = fold
        self.value = fold.value()

    def _process(self, inputs: dict[str, Any]) -> Any:
        self._fold.add(inputs[self.INPUT_NAME])
        self.value = self._fold.value()

    def _postprocess(self) -> None:
        if self.value is not None:
            self.write(self.OUTPUT_NAME, self.value)


class CountPE(_Folded):
    """``[number of items]``"""

    def __init__(self) -> None:
        super().__init__(ours.Count())


class SumPE(_Folded):
    """``[a sum for each index]``"""

    def __init__(self, indexes: Sequence[Any] | None = None) -> None:
        super().__init__(ours.Sum(_some(indexes)), indexes)


class MinPE(_Folded):
    """``[the least for each index]``"""

    def __init__(self, indexes: Sequence[Any] | None = None) -> None:
        super().__init__(ours.Extreme(_some(indexes), min), indexes)


class MaxPE(_Folded):
    """``[the greatest for each index]``"""

    def __init__(self, indexes: Sequence[Any] | None = None) -> None:
        super().__init__(ours.Extreme(_some(indexes), max), indexes)


class AverageParallelPE(_Folded):
    """``[average, number of items, sum]``"""

    def __init__(self, index: Any = 0) -> None:
        super().__init__(ours.Average(index))


class StdDevPE(_Folded):
    """``(standard deviation, number of items, sum, sum of squares)``"""

    def __init__(self, index: Any = 0) -> None:
        super().__init__(ours.Deviation(index))


class AverageReducePE(_Folded):
    """Puts together what instances of AverageParallelPE wrote."""

    single = True

    def __init__(self) -> None:
        super().__init__(ours.Average(0))
        self.inputconnections[self.INPUT_NAME]["grouping"] = "global"

    def _process(self, inputs: dict[str, Any]) -> Any:
        self._fold.join(inputs[self.INPUT_NAME][1:])
        self.value = self._fold.value()


class StdDevReducePE(_Folded):
    """Puts together what instances of StdDevPE wrote."""

    single = True

    def __init__(self) -> None:
        super().__init__(ours.Deviation(0))
        self.inputconnections[self.INPUT_NAME]["grouping"] = "global"

    def _process(self, inputs: dict[str, Any]) -> Any:
        deviation, count, total, squares = inputs[self.INPUT_NAME]
        self._fold.join((count, total, squares, total / count, (deviation or 0.0) ** 2 * (count - 1)))
        self.value = self._fold.value()


def parallel_aggregate(instPE: Any, reducePE: Any) -> WorkflowGraph:  # noqa: N803 - dispel4py's names
    """A composite: many instances of the first, one of the second, which gets what they write."""
    reducePE.inputconnections[AggregatePE.INPUT_NAME]["grouping"] = "global"
    reducePE.single = True  # where 1 may be scaled, it says no more than that it is one
    reducePE.numprocesses = 1
    composite = WorkflowGraph()
    composite.connect(instPE, AggregatePE.OUTPUT_NAME, reducePE, AggregatePE.INPUT_NAME)
    composite.inputmappings = {AggregatePE.INPUT_NAME: (instPE, AggregatePE.INPUT_NAME)}
    composite.outputmappings = {AggregatePE.OUTPUT_NAME: (reducePE, AggregatePE.OUTPUT_NAME)}
    return composite


def parallel_count() -> WorkflowGraph:
    """CountPE in many instances."""
    whole = SumPE([0])
    whole.name = "CountReduce"
    return parallel_aggregate(CountPE(), whole)


def parallel_sum(indexes: Sequence[Any] | None = None) -> WorkflowGraph:
    """SumPE in many instances."""
    return parallel_aggregate(SumPE(indexes), SumPE(_places(indexes)))


def parallel_min(indexes: Sequence[Any] | None = None) -> WorkflowGraph:
    """MinPE in many instances."""
    return parallel_aggregate(MinPE(indexes), MinPE(_places(indexes)))


def parallel_max(indexes: Sequence[Any] | None = None) -> WorkflowGraph:
    """MaxPE in many instances."""
    return parallel_aggregate(MaxPE(indexes), MaxPE(_places(indexes)))


def parallel_avg(index: Any = 0) -> WorkflowGraph:
    """AverageParallelPE in many instances."""
    return parallel_aggregate(AverageParallelPE(index), AverageReducePE())


def parallel_std_dev(index: Any = 0) -> WorkflowGraph:
    """StdDevPE in many instances."""
    return parallel_aggregate(StdDevPE(index), StdDevReducePE())


# dispel4py's first spelling.
parallelCount, parallelSum, parallelMin = parallel_count, parallel_sum, parallel_min  # noqa: N816
parallelMax, parallelAvg, parallelStdDev = parallel_max, parallel_avg, parallel_std_dev  # noqa: N816


def _some(indexes: Sequence[Any] | None) -> Sequence[Any]:
    return [0] if indexes is None else indexes


def _places(indexes: Sequence[Any] | None) -> Sequence[Any]:
    """Where the values for `indexes` are in what an instance writes."""
    return range(len(_some(indexes)))

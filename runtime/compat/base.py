"""What `dispel4py.base` has."""

from collections.abc import Callable, Sequence
from types import GeneratorType
from typing import Any, cast

from sferic.runtime import pe as ours
from sferic.runtime.compat.core import NAME, GenericPE
from sferic.runtime.compat.workflow_graph import WorkflowGraph

__all__ = [
    "NAME",
    "BasePE",
    "CompositePE",
    "ConsumerPE",
    "GenericPE",
    "IterativePE",
    "ProducerPE",
    "SimpleFunctionPE",
    "WorkflowGraph",
    "create_iterative_chain",
]


class BasePE(GenericPE):
    """A PE whose ports are named when it is made, or numbered: `input0`, `output0` and so on."""

    INPUT_NAME = "input"
    OUTPUT_NAME = "output"

    def __init__(
        self,
        inputs: Sequence[str] = (),
        outputs: Sequence[str] = (),
        num_inputs: int = 0,
        num_outputs: int = 0,
    ) -> None:
        super().__init__()
        for name in (*(f"{BasePE.INPUT_NAME}{number}" for number in range(num_inputs)), *(inputs or ())):
            self._add_input(name)
        for name in (*(f"{BasePE.OUTPUT_NAME}{number}" for number in range(num_outputs)), *(outputs or ())):
            self._add_output(name)


def _through(port: str, result: Any) -> Any:
    """What `process` returns for what `_process` returned."""
    if result is None:
        return None
    if isinstance(result, GeneratorType):
        return ({port: item} for item in cast("GeneratorType[Any, Any, Any]", result))
    return {port: result}


class IterativePE(GenericPE, ours.IterativePE):
    """One input, one output; `_process(data)` returns the item to write, or None for nothing."""

    def __init__(self) -> None:
        GenericPE.__init__(self)

    @ours.takes_items
    def process(self, inputs: dict[str, Any]) -> Any:
        """``{"output": item}``, or None."""
        return _through(self.OUTPUT_NAME, self._process(inputs[self.INPUT_NAME]))


class ProducerPE(GenericPE, ours.ProducerPE):
    """A source: no input, one output; `_process(inputs)` returns or writes items."""

    def __init__(self) -> None:
        GenericPE.__init__(self)

    def process(self, inputs: dict[str, Any]) -> Any:
        """``{"output": item}``, or None."""
        return _through(self.OUTPUT_NAME, self._process(inputs))


class ConsumerPE(GenericPE, ours.ConsumerPE):
    """A sink: one input, no output."""

    def __init__(self) -> None:
        GenericPE.__init__(self)

    def process(self, inputs: dict[str, Any]) -> Any:
        """Nothing, whatever `_process` returns."""
        self._process(inputs[self.INPUT_NAME])


class SimpleFunctionPE(IterativePE):
    """A function as a PE, with the name `PE_` and the function's."""

    stateless = True

    def __init__(self, compute_fn: Callable[..., Any] | None = None, params: dict[str, Any] | None = None) -> None:
        super().__init__()
        if compute_fn is not None:
            self.name = f"PE_{compute_fn.__name__}"
        self.compute_fn = compute_fn
        self.params = params or {}

    def _process(self, inputs: Any) -> Any:
        return None if self.compute_fn is None else self.compute_fn(inputs, **self.params)


class CompositePE(WorkflowGraph):
    """A graph that is used as one PE, filled by `create_graph(graph, **params)` or by its user."""

    def __init__(self, create_graph: Callable[..., Any] | None = None, params: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.inputmappings, self.outputmappings = {}, {}
        if create_graph is not None:
            create_graph(self, **(params or {}))

    def _map_input(self, input_name: str, internal_pe: Any, internal_input: str) -> None:
        self.inputmappings[input_name] = (internal_pe, internal_input)

    def _map_output(self, output_name: str, internal_pe: Any, internal_output: str) -> None:
        self.outputmappings[output_name] = (internal_pe, internal_output)

    map_input = _map_input
    map_output = _map_output


def create_iterative_chain(
    functions: Sequence[Any],
    FunctionPE_class: Callable[[], Any] = SimpleFunctionPE,  # noqa: N803 - dispel4py's name
    name_prefix: str = "PE_",
    name_suffix: str = "",
    *,
    function_pe_class: Callable[[], Any] | None = None,
) -> CompositePE:
    """A composite that runs `functions` one after the other; each is a function, or (function, params).

    PEs are made by a class of the caller's, without arguments, and get `compute_fn` and `params`.
    """
    chain = CompositePE()
    previous: Any = None
    for given in functions:
        function, params = cast("tuple[Any, Any]", given if isinstance(given, (tuple, list)) else (given, {}))
        pe = (function_pe_class or FunctionPE_class)()
        pe.compute_fn, pe.params = function, params
        pe.name = f"{name_prefix}{function.__name__}{name_suffix}"
        if previous is None:
            chain.map_input("input", pe, "input")
        else:
            chain.connect(previous, "output", pe, "input")
        previous = pe
    if previous is None:
        raise ValueError("create_iterative_chain() needs at least one function")
    chain.add(previous)
    chain.map_output("output", previous, "output")
    return chain

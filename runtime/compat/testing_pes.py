"""What `dispel4py.examples.graph_testing.testing_PEs` has: small PEs that its examples and tests are made of."""

import random
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

from sferic.runtime.compat.base import ConsumerPE, GenericPE, IterativePE, ProducerPE

_WORDS = ("dispel4py", "computing", "mpi", "processing", "simple", "analysis", "data")


class TestProducer(GenericPE):
    """Writes 1 at the first call, 2 at the second and so on, to each of its outputs."""

    def __init__(self, numOutputs: int = 1) -> None:  # noqa: N803 - dispel4py's name
        super().__init__()
        self.outputnames = ["output"] if numOutputs == 1 else [f"output{number}" for number in range(numOutputs)]
        for name in self.outputnames:
            self._add_output(name, tuple_type=["number"])
        self.counter = 0

    def _process(self, inputs: Any) -> dict[str, int]:
        self.counter += 1
        return dict.fromkeys(self.outputnames, self.counter)


class NumberProducer(GenericPE):
    """Writes so many numbers a call, in lists of one."""

    def __init__(self, numIterations: int = 1) -> None:  # noqa: N803 - dispel4py's name
        super().__init__()
        self._add_output("output", tuple_type=["number"])
        self.counter = 0
        self.numIterations = numIterations

    def _process(self, inputs: Any) -> None:
        for number in range(self.numIterations):
            self.write("output", [self.counter * number + number])
        self.counter += 1


class IntegerProducer(ProducerPE):
    """Writes the integers from `start` to before `limit`."""

    def __init__(self, start: int, limit: int) -> None:
        super().__init__()
        self.start = start
        self.limit = limit

    def _process(self, inputs: Any) -> None:
        for number in range(self.start, self.limit):
            self.write("output", number)


class TestOneInOneOut(GenericPE):
    """Writes what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self._add_input("input")
        self._add_output("output")

    def set_input_types(self, types: Mapping[str, Any]) -> None:
        """What comes out is of the type that went in."""
        self.inputconnections["input"]["type"] = self.outputconnections["output"]["type"] = types["input"]

    def process(self, inputs: dict[str, Any]) -> Any:
        """The item as it came."""
        return {"output": inputs["input"]}


class TestIterative(IterativePE):
    """Writes what it gets."""

    def _process(self, inputs: Any) -> Any:
        return inputs


class TestDelayOneInOneOut(GenericPE):
    """Writes what it gets, `delay` seconds later."""

    def __init__(self, delay: float = 1) -> None:
        super().__init__()
        self._add_input("input")
        self._add_output("output", tuple_type=["number"])
        self.delay = delay

    def process(self, inputs: dict[str, Any]) -> Any:
        """The item as it came."""
        time.sleep(self.delay)
        return {"output": inputs["input"]}


class TestOneInOneOutWriter(GenericPE):
    """Writes what it gets, with `write`."""

    def __init__(self) -> None:
        super().__init__()
        self._add_input("input")
        self._add_output("output", tuple_type=["number"])

    def process(self, inputs: dict[str, Any]) -> Any:
        """The item as it came."""
        self.write("output", inputs["input"])


class TestTwoInOneOut(GenericPE):
    """Writes what it gets at either input, as a text."""

    def __init__(self) -> None:
        super().__init__()
        self._add_input("input0")
        self._add_input("input1")
        self._add_output("output", tuple_type=["result"])

    def process(self, inputs: dict[str, Any]) -> Any:
        """The items' texts, one after the other."""
        result = "".join(str(inputs[name]) for name in self.inputconnections if name in inputs)
        return {"output": result} if result else None


class TestMultiProducer(GenericPE):
    """Writes the integers before `num_output`."""

    def __init__(self, num_output: int = 10) -> None:
        super().__init__()
        self._add_output("output")
        self.num_output = num_output

    def _process(self, inputs: Any) -> None:
        for number in range(self.num_output):
            self.write("output", number)


class PrintDataConsumer(ConsumerPE):
    """Prints what it gets."""

    def _process(self, inputs: Any) -> None:
        sys.stdout.write(f"{inputs}\n")


class RandomFilter(GenericPE):
    """Writes about half of what it gets."""

    input_name = "input"
    output_name = "output"

    def __init__(self) -> None:
        super().__init__()
        self._add_input("input")
        self._add_output("output", tuple_type=["word"])

    def process(self, inputs: dict[str, Any]) -> Any:
        """The item, or nothing."""
        return {"output": inputs["input"]} if random.random() < 0.5 else None  # noqa: S311 - it is for tests


class WordCounter(GenericPE):
    """For each list with a word at its beginning, ``[word, how often it came]``."""

    input_name = "input"
    output_name = "output"

    def __init__(self) -> None:
        super().__init__()
        self._add_input("input", grouping=[0])
        self._add_output("output", tuple_type=["word", "count"])
        self.mywords: Counter[Any] = Counter()

    def _process(self, inputs: dict[str, Any]) -> Any:
        word = inputs["input"][0]
        self.mywords[word] += 1
        return {"output": [word, self.mywords[word]]}


class RandomWordProducer(GenericPE):
    """Writes a word a call, in a list."""

    words: ClassVar[list[str]] = list(_WORDS)

    def __init__(self) -> None:
        super().__init__()
        self._add_output("output", tuple_type=["word"])

    def process(self, inputs: Any = None) -> Any:
        """A word."""
        return {"output": [random.choice(self.words)]}  # noqa: S311 - it is for tests

"""What `dispel4py.new.monitoring` has for users: a clock, and a PE that is timed."""

import time
from typing import Any

from sferic.runtime.compat.core import GenericPE


class Timer:
    """Measures a block: `secs` afterwards."""

    def __init__(self, verbose: bool = False) -> None:
        self.verbose = verbose
        self.start = self.end = self.secs = 0.0

    def __enter__(self) -> "Timer":
        self.start = time.time()
        return self

    def __exit__(self, *_error: object) -> None:
        self.end = time.time()
        self.secs = self.end - self.start


class ProcessTimingPE(GenericPE):
    """A PE around another one, with its ports; it logs the average time of its `process` at the end."""

    def __init__(self, baseObject: Any) -> None:  # noqa: N803 - dispel4py's name
        super().__init__()
        self.inputconnections = baseObject.inputconnections
        self.outputconnections = baseObject.outputconnections
        self.numprocesses = baseObject.numprocesses
        self.name = baseObject.name
        self.baseObject = baseObject
        self.times_total = 0.0
        self.times_count = 0

    def preprocess(self) -> None:
        """The other's, which writes and logs through this one."""
        for name in ("write", "_write", "log", "rank"):
            setattr(self.baseObject, name, getattr(self, name))
        self.baseObject.preprocess()

    def process(self, inputs: dict[str, Any]) -> Any:
        """The other's, timed."""
        with Timer() as timer:
            result = self.baseObject.process(inputs)
        self.times_total += timer.secs
        self.times_count += 1
        return result

    def postprocess(self) -> None:
        """The other's."""
        self.baseObject.postprocess()
        if self.times_count:
            self.log(f"Average processing time: {self.times_total / self.times_count}")

"""`every` methods: which are due, and when the next will be."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sferic.runtime.host.step import Step
from sferic.runtime.pe import ticks


@dataclass
class Timer:
    """One `every` method of one PE."""

    step: Step
    method: Callable[[], Any]
    seconds: float
    due: float


class Timers:
    """The `every` methods of a stage, run between items on the host's own thread."""

    def __init__(self, steps: list[Step], clock: Callable[[], float]) -> None:
        self._clock = clock
        now = clock()
        self._timers = [
            Timer(step, getattr(step.pe, name), seconds, now + seconds)
            for step in steps
            for name, seconds in ticks(step.pe)
        ]

    def __bool__(self) -> bool:
        return bool(self._timers)

    def wait(self) -> float | None:
        """Seconds until the next is due; None where there is none. A source in its own code has none for now."""
        dues = [timer.due for timer in self._timers if not timer.step.busy]
        return max(0.0, min(dues) - self._clock()) if dues else None

    def run_due(self) -> bool:
        """Run what is due; True if anything was. One that fell behind runs once, not once a missed turn."""
        now = self._clock()
        due = [timer for timer in self._timers if timer.due <= now and not timer.step.busy]
        for timer in due:
            timer.step.guarded(timer.method, f"{timer.method.__name__} (every {timer.seconds:g} s)")
            timer.due = self._clock() + timer.seconds
        return bool(due)

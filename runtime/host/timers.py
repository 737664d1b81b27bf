"""`every` methods: which are due, and when the next will be."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sferic.runtime.host.step import Step


@dataclass
class Timer:
    """One `every` method of one PE."""

    step: Step
    method: Callable[[], Any]
    seconds: float
    due: float
    writes: bool = False  # did it, ever?


class Timers:
    """The `every` methods of a stage, run between items on the host's own thread."""

    def __init__(self, steps: list[Step], clock: Callable[[], float]) -> None:
        self._clock = clock
        now = clock()
        self._timers = [
            Timer(step, getattr(step.pe, name), seconds, now + seconds)
            for step in steps
            for name, seconds in _marked(step.pe)
        ]

    def __bool__(self) -> bool:
        return bool(self._timers)

    def wait(self, *, room: bool = True) -> float | None:
        """Seconds until the next is due; None where there is none. A source in its own code has none for now; without
        `room` for more output those that write have none either."""
        dues = [timer.due for timer in self._timers if _may_run(timer, room)]
        return max(0.0, min(dues) - self._clock()) if dues else None

    def run_due(self, *, room: bool = True) -> bool:
        """Run what is due; True if anything was. One that fell behind runs once, not once a missed turn."""
        now = self._clock()
        due = [timer for timer in self._timers if timer.due <= now and _may_run(timer, room)]
        for timer in due:
            written = timer.step.items_out
            timer.step.guarded(timer.method, f"{timer.method.__name__} (every {timer.seconds:g} s)")
            timer.writes = timer.writes or timer.step.items_out != written
            timer.due = self._clock() + timer.seconds
        return bool(due)


def _may_run(timer: Timer, room: bool) -> bool:
    return not timer.step.busy and (room or not timer.writes)


def _marked(pe: Any) -> list[tuple[str, float]]:
    return [
        (name, seconds)
        for name in dir(type(pe))
        if isinstance(seconds := getattr(getattr(type(pe), name), "__sferic_every__", None), float)
    ]

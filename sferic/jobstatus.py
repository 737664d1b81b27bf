"""What the driver of a Spark job says of itself, in a file that those who operate it read."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sferic.runtime.observe import Event, Outcome, StopRequest
from sferic.runtime.spark import Pulse

_EVERY = 1.0  # seconds between two versions of the file, at least


class JobStatus:
    """One JSON object, replaced as a whole. `path`: None where nobody asks.

    name, pid (of the driver's Python), started and at (seconds since 1970), state (starting, running, stopping, ended),
    exit (the status, when it has ended), error (the last one's text); from when it runs on: plan, mode, master, app
    (Spark's id), pes (counts by PE), failures (the last one's text by PE); stages (of a batch job: how many instances
    each has and how many are done); of a stream interval, checkpoint, and what `Pulse` has.
    """

    def __init__(self, path: Path | None, name: str) -> None:
        self._path = path
        self._told: dict[str, Any] = {
            "name": name,
            "pid": os.getpid(),
            "started": time.time(),
            "state": "starting",
            "exit": None,
            "error": None,
        }
        self._outcome: Outcome | None = None
        self._stop: StopRequest | None = None
        self._instances: Mapping[str, int] = {}
        self._written = 0.0
        self._write()

    def running(self, outcome: Outcome, stop: StopRequest, instances: Mapping[str, int], **facts: Any) -> None:
        """From here on it runs. `instances`: how many, by stage."""
        self._outcome = outcome
        self._stop = stop
        self._instances = instances
        self._told |= {"state": "running", **facts}
        self._write()

    def stages(self, done: Mapping[str, int]) -> None:
        """Instances that are done, by stage."""
        self._told["stages"] = {
            stage: {"instances": self._instances[stage], "done": number} for stage, number in done.items()
        }
        self._write(_EVERY)

    def pulse(self, pulse: Pulse) -> None:
        """How a stream goes."""
        self._told |= asdict(pulse)
        self._write(_EVERY)

    def ended(self, exit_status: int, error: str | None = None) -> None:
        """It is over. `error`: what ended it, where that was not told as an event."""
        self._told |= {"state": "ended", "exit": exit_status, "error": error or self._told["error"]}
        self._write()

    def _write(self, every: float = 0.0) -> None:
        if self._path is None or time.monotonic() - self._written < every:
            return
        self._written = time.monotonic()
        outcome = self._outcome
        if self._told["state"] == "running" and self._stop is not None and self._stop.requested:
            self._told["state"] = "stopping"
        if outcome is not None:
            self._told["pes"] = {pe: dict(counts) for pe, counts in outcome.counts.items()}
            self._told["failures"] = {pe: _failure(event) for pe, event in outcome.last_failures.items()}
            self._told["error"] = self._told["error"] or _error(outcome)
        part = self._path.with_name(f".{self._path.name}.part")
        part.write_text(json.dumps({**self._told, "at": time.time()}))
        part.replace(self._path)


def _failure(event: Event) -> str:
    return f"{event['pe']}[{event['rank']}] failed on {event['item']}: {event['error']} ({event['policy']})"


def _error(outcome: Outcome) -> str | None:
    if outcome.errors:
        return str(outcome.errors[-1]["text"])
    ending = [failure for failure in outcome.failures if failure["policy"] == "stop"]
    return f"{ending[-1]['pe']} failed on {ending[-1]['item']}: {ending[-1]['error']}" if ending else None

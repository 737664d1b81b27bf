"""One driver at a time goes on from a checkpoint's folder."""

import json
import os
import secrets
import socket
import time
from collections.abc import Callable
from typing import Any

from sferic.runtime.kin import runs
from sferic.runtime.spark.checkpoint import Checkpoint

OWNER = "driver.json"
_EVERY = 2.0  # seconds between signs of life
_WATCH = 10.0  # seconds without one after which a driver that cannot be seen from here is taken for dead
_LOOK = 0.5


class OtherDriver(RuntimeError):  # noqa: N818 - says who is there
    """The folder is another driver's; the text says what to do."""


class Owner:
    """A file in the folder says whose it is. Nobody can know for sure that a driver elsewhere is dead, and file systems
    have no locks in common: who takes the folder writes another name there, and who finds another name ends."""

    def __init__(self, checkpoint: Checkpoint, app: str, now: Callable[[], float] = time.monotonic) -> None:
        self._checkpoint = checkpoint
        self._now = now
        self._told: dict[str, Any] = {
            "driver": secrets.token_hex(8),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "app": app,
            "beat": 0,
        }
        self._next = 0.0

    def take(self, sleep: Callable[[float], None] = time.sleep) -> bool:
        """Take the folder; True where the driver before this one died before it left it. Raises OtherDriver if one is
        at work there."""
        there = self._checkpoint.read(OWNER)
        if there is not None and not self._is_dead(there):
            until = self._now() + _WATCH
            while self._now() < until:
                sleep(_LOOK)
                before, there = there, self._checkpoint.read(OWNER)
                if there is None:
                    break
                if there != before:
                    raise OtherDriver(self._words(there, "Stop that one first, or name another folder"))
        self._write()
        return there is not None

    def lives(self) -> None:
        """Give a sign of life, when it is time. Raises OtherDriver."""
        if self._now() >= self._next:
            self.check()
            self._write()

    def check(self) -> None:
        """Raises OtherDriver if another driver has taken the folder."""
        there = self._checkpoint.read(OWNER)
        if there is not None and _read(there).get("driver", self._told["driver"]) != self._told["driver"]:
            raise OtherDriver(self._words(there, "It goes on in place of this one"))

    def leave(self) -> None:
        """The folder is anybody's."""
        there = self._checkpoint.read(OWNER)
        if there is not None and _read(there).get("driver") == self._told["driver"]:
            self._checkpoint.remove(OWNER)

    def _write(self) -> None:
        self._told["beat"] += 1
        self._checkpoint.put(OWNER, json.dumps(self._told))
        self._next = self._now() + _EVERY

    def _is_dead(self, text: str) -> bool:
        """Certainly? Of one on another machine nobody knows."""
        there = _read(text)
        if there.get("host") != self._told["host"] or there.get("pid") == self._told["pid"]:
            return False
        return not runs(int(there["pid"]))

    def _words(self, text: str, what_then: str) -> str:
        there = _read(text)
        who = f"the driver of {there.get('app')} (process {there.get('pid')} on {there.get('host')})"
        return f"the checkpoint in {self._checkpoint.folder} is in use by {who}. {what_then}"


def _read(text: str) -> dict[str, Any]:
    """What it says; nothing while it is being written."""
    try:
        return json.loads(text)
    except ValueError:
        return {}

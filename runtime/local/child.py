"""A forked process with a host in it, as its parent sees it."""

import base64
import json
import mmap
import os
import selectors
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sferic.runtime import frames
from sferic.runtime.frames import FrameReader

_MOST_INPUTS = 64
_MOST_BYTES = 16 << 20

Root = tuple[int, int]  # (child number, group) of a source


@dataclass(frozen=True, slots=True)
class Input:
    """A batch on its way to a child, with the source groups it comes from."""

    number: int
    batch: bytes
    roots: frozenset[Root]


@dataclass(frozen=True, slots=True)
class Settings:
    """What every child of a run is told."""

    plan: Path
    root: Path
    attempt: int
    window: int
    key: bytes


@dataclass
class Instance:
    """One instance of one stage: its process now, what it was handed, what waits for it.

    Only the parent's loop touches it.
    """

    number: int
    stage: str
    rank: int
    source: bool
    pid: int = 0
    incoming: int = -1
    outgoing: int = -1
    reader: FrameReader = field(default_factory=FrameReader)
    unsent: bytearray = field(default_factory=bytearray)
    page: memoryview | None = None
    held: dict[int, Input] = field(default_factory=dict[int, Input])  # at the child, unanswered
    waiting: deque[Input] = field(default_factory=deque[Input])
    finishing: bool = False
    finished: bool = False
    group: int = 0
    token: bytes = b""
    deaths: list[float] = field(default_factory=list[float])
    culprits: dict[tuple[int, int, int], int] = field(default_factory=dict[tuple[int, int, int], int])
    progress: tuple[int, ...] = ()
    since: float = 0.0
    warned: bool = False

    def start(self, settings: Settings, work: Callable[[int, int], None], close: Iterable[int], *, lost: bool) -> None:
        """Fork the process and send it START."""
        to_child, self.outgoing = os.pipe()
        self.incoming, from_child = os.pipe()
        page = self._make_page(settings.plan.parent)
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _become(to_child, from_child, [*close, self.incoming, self.outgoing], work)
        os.close(to_child)
        os.close(from_child)
        os.set_blocking(self.outgoing, False)
        os.set_blocking(self.incoming, False)
        self.reader = FrameReader()
        self.unsent = bytearray()
        self.since = time.monotonic()
        orders = {
            "protocol": frames.PROTOCOL,
            "plan": str(settings.plan),
            "root": str(settings.root),
            "stage": self.stage,
            "rank": self.rank,
            "attempt": settings.attempt,
            "page": page,
            "window": settings.window,
            "token": base64.b64encode(self.token).decode(),
            "group": self.group,
            "poison": [mark for mark, count in self.culprits.items() if count > 1],
            "lost": lost,
            "key": base64.b64encode(settings.key).decode(),
        }
        self.send(frames.START, json.dumps(orders).encode())

    def _make_page(self, folder: Path) -> str:
        fd, path = tempfile.mkstemp(prefix="page-", dir=folder)
        try:
            os.ftruncate(fd, 4096)
            self.page = memoryview(mmap.mmap(fd, 4096)).cast("Q")
        finally:
            os.close(fd)
        return path

    def send(self, kind: int, body: bytes = b"") -> None:
        """Queue a frame for the child."""
        self.unsent += frames.pack_frame(kind, body)
        self.write()

    def write(self) -> None:
        """Write what the pipe takes."""
        try:
            while self.unsent:
                written = os.write(self.outgoing, memoryview(self.unsent)[: 1 << 20])
                del self.unsent[:written]
        except BlockingIOError:
            pass  # the loop comes back when the pipe has room
        except BrokenPipeError:
            self.unsent.clear()  # the child died: its end of the other pipe tells the loop

    def feed(self) -> None:
        """Hand over all that waits, if all handed over before is answered."""
        if self.held or not self.waiting or self.finished:
            return
        size = 0
        while self.waiting and len(self.held) < _MOST_INPUTS and size < _MOST_BYTES:
            given = self.waiting.popleft()
            self.held[given.number] = given
            size += len(given.batch)
        self._send_held()

    def _send_held(self) -> None:
        self.send(frames.FEED, frames.pack_inputs([(given.number, given.batch) for given in self.held.values()]))

    def resend(self) -> None:
        """Give a new process what its predecessor had not answered."""
        if self.held:
            self._send_held()
        if self.finishing:
            self.send(frames.FINISH, frames.pack_number(0))

    def close(self) -> None:
        """Close the pipes; the child leaves when it sees that."""
        for fd in (self.incoming, self.outgoing):
            if fd >= 0:
                os.close(fd)
        self.incoming = self.outgoing = -1

    def kill(self) -> None:
        """End the process and its own children at once."""
        if self.pid:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                os.kill(self.pid, signal.SIGKILL)  # it had no time yet to lead its group
            os.waitpid(self.pid, 0)
            self.pid = 0

    def culprit(self) -> tuple[int, int, int] | None:
        """(input, PE, step) the child was at, None while it had no input."""
        if self.page is None or not self.page[0]:
            return None
        return (self.page[0], self.page[1], self.page[2])


def _become(incoming: int, outgoing: int, close: list[int], work: Callable[[int, int], None]) -> None:
    """The forked child: never returns."""
    status = 1
    try:
        for fd in close:
            if fd >= 0:
                os.close(fd)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        os.setpgid(0, 0)
        work(incoming, outgoing)
        status = 0
    except BaseException:  # noqa: BLE001 - whatever it was, this process must not go on as its parent
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def register(selector: selectors.BaseSelector, instance: Instance) -> None:
    """Watch the child's frames."""
    selector.register(instance.incoming, selectors.EVENT_READ, instance)

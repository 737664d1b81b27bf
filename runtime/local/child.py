"""A forked process with a host in it, as its parent sees it."""

import base64
import json
import mmap
import os
import select
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
from sferic.runtime.host.step import PAGE_INPUT, PAGE_LOOSE_DONE, PAGE_PE, PAGE_STATE, PAGE_STEP, STARTING
from sferic.runtime.kin import MARK, end_kin, new_mark
from sferic.runtime.local.lines import Lines
from sferic.runtime.local.standstill import Standstill

_LOOK_ONLY = os.WEXITED | os.WNOHANG | os.WNOWAIT
WINDOW = 16  # groups of a source that are not acked yet
_MOST_INPUTS = 64
_MOST_BYTES = 16 << 20

Root = tuple[int, int]  # (child number, group) of a source; groups below 0 are what `every` methods wrote

Place = tuple[int, int, int]  # (input, index of the PE, step) of a child's page; input 0: it has none


@dataclass(frozen=True, slots=True)
class Input:
    """A batch on its way to a child, with the groups it comes from."""

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
    keeps: bool = False  # is state asked for, with `Instance.save`?


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
    mark: str = ""  # in the environment of all that this process starts
    incoming: int = -1
    outgoing: int = -1
    errors: int = -1
    reader: FrameReader = field(default_factory=FrameReader)
    lines: Lines = field(default_factory=Lines)
    heard: int = 0  # bytes that came from it
    unsent: bytearray = field(default_factory=bytearray)
    page: memoryview | None = None
    held: dict[int, Input] = field(default_factory=dict[int, Input])  # at the child, unanswered
    waiting: deque[Input] = field(default_factory=deque[Input])
    ready: bool = False
    finishing: bool = False
    finished: bool = False
    loose: dict[int, int] = field(default_factory=dict[int, int])  # batches by group of what `every` methods wrote
    loose_count: int = 0  # of such groups, over all its processes
    group: int = 0
    token: bytes = b""
    unacked: list[int] = field(default_factory=list[int])  # groups of a source
    state: bytes = b""  # that a process begins with
    saving: int = 0  # number of the SAVE that is not answered; 0: none
    timed: bool = False  # has it `every` methods?
    stop_sent: bool = False
    leaving: bool = False  # has it ended, though its pipe has not?
    due: float = 0.0  # when there shall be a process, where there is none
    never_ready: int = 0  # processes in a row that ended before they were ready
    deaths: list[float] = field(default_factory=list[float])
    culprits: dict[Place, int] = field(default_factory=dict[Place, int])
    still: Standstill = field(default_factory=lambda: Standstill(0.0))

    def start(self, settings: Settings, work: Callable[[int, int], None], close: Iterable[int]) -> None:
        """Fork the process and send it START, and what its predecessor had not answered."""
        to_child, outgoing = os.pipe()
        incoming, from_child = os.pipe()
        errors, said = os.pipe()
        for fd in (outgoing, incoming, errors):  # before `close` knows them: a signal may end this here
            os.set_blocking(fd, False)
        self.outgoing, self.incoming, self.errors = outgoing, incoming, errors
        page = self._make_page(settings.plan.parent)
        sys.stdout.flush()
        sys.stderr.flush()
        self.mark = new_mark()
        self.pid = os.fork()
        if self.pid == 0:
            os.environ[MARK] = self.mark
            _become(to_child, from_child, said, [*close, self.incoming, self.outgoing, self.errors], work)
        for fd in (to_child, from_child, said):
            os.close(fd)
        self.reader = FrameReader()
        self.lines = Lines()
        self.unsent = bytearray()
        self.loose = {}
        self.ready = self.stop_sent = self.leaving = False
        self.still = Standstill(time.monotonic())
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
            "unacked": self.unacked,
            "poison": [mark for mark, count in self.culprits.items() if count > 1],
            "lost": bool(self.deaths),
            "keeps": settings.keeps,
            "restores": bool(self.state),
            "key": base64.b64encode(settings.key).decode(),
        }
        self.send(frames.START, json.dumps(orders).encode())
        if self.state:
            self.send(frames.RESTORE, self.state)
        if self.held:
            self._send_held()
        if self.finishing:
            self.send(frames.FINISH, frames.pack_number(0))
        if self.saving:
            self.send(frames.SAVE, frames.pack_number(self.saving))

    def _make_page(self, folder: Path) -> str:
        fd, path = tempfile.mkstemp(prefix="page-", dir=folder)
        try:
            os.ftruncate(fd, 4096)
            self.page = memoryview(mmap.mmap(fd, 4096)).cast("Q")
            self.page[PAGE_STATE] = STARTING
        finally:
            os.close(fd)
        return path

    def send(self, kind: int, body: bytes = b"") -> None:
        """Queue a frame for the child, where there is one."""
        if self.outgoing < 0:
            return
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
        if self.held or not self.waiting or self.finished or not self.pid:
            return
        size = 0
        while self.waiting and len(self.held) < _MOST_INPUTS and size < _MOST_BYTES:
            given = self.waiting.popleft()
            self.held[given.number] = given
            size += len(given.batch)
        self._send_held()

    def _send_held(self) -> None:
        self.send(frames.FEED, frames.pack_inputs([(given.number, given.batch) for given in self.held.values()]))

    def acked(self, groups: list[int]) -> None:
        """All that came of these groups of a source is processed."""
        self.unacked = [group for group in self.unacked if group not in groups]
        self.send(frames.ACKED, frames.pack_numbers(groups))

    def finish(self) -> None:
        """No more inputs will come: let it run postprocess, once it has answered all it has."""
        if not (self.finishing or self.held or self.waiting):
            self.finishing = True
            self.send(frames.FINISH, frames.pack_number(0))

    def save(self, number: int) -> None:
        """Ask for the state after all that it was handed, or that it wrote, so far."""
        self.saving = number
        self.send(frames.SAVE, frames.pack_number(number))

    @property
    def owes(self) -> bool:
        """Has the child something to do that it has not done?"""
        return not self.ready or bool(self.held or self.saving) or (self.finishing and not self.finished)

    @property
    def unread(self) -> bool:
        """Does something lie in the pipe that the child wrote?"""
        pipe = select.poll()
        pipe.register(self.incoming, select.POLLIN)
        return bool(pipe.poll(0))

    def wrote_loose(self, batches: int) -> int:
        """The number, below 0, of a group of so many batches that an `every` method wrote."""
        self.loose_count += 1
        self.loose[-self.loose_count] = batches
        return -self.loose_count

    def loose_done(self, groups: Iterable[int]) -> None:
        """These groups are wholly processed: the process that wrote them may write more."""
        assert self.page is not None
        self.page[PAGE_LOOSE_DONE] += sum(self.loose.pop(group, 0) for group in groups)

    def said(self) -> list[str]:
        """Lines of the child's stderr to show, from what is in the pipe now."""
        shown: list[str] = []
        while self.errors >= 0:
            try:
                data = os.read(self.errors, 1 << 16)
            except BlockingIOError:
                break
            shown += self.lines.feed(data)
            if len(data) < 1 << 16:
                break
        return shown

    def close(self) -> None:
        """Close the pipes; the child leaves when it sees that."""
        for fd in (self.incoming, self.outgoing, self.errors):
            if fd >= 0:
                os.close(fd)
        self.incoming = self.outgoing = self.errors = -1
        self.unsent.clear()

    def kill(self) -> int:
        """End the process and all it started. Its exit status, 128 + n where signal n ended it."""
        self.signal()
        status = self.reap()
        end_kin(self.mark)
        return status

    def signal(self) -> None:
        """End the process and its group, where it is still there; `reap` waits for that."""
        if self.pid:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                os.kill(self.pid, signal.SIGKILL)  # it had no time yet to lead its group

    def reap(self) -> int:
        """The exit status of the process, 0 where there is none."""
        if not self.pid:
            return 0
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code

    def left(self) -> bool:
        """Has the process ended a while ago (seen twice), and a process that it started holds its pipe open?"""
        if not self.pid or self.finished or os.waitid(os.P_PID, self.pid, _LOOK_ONLY) is None:
            return False
        before, self.leaving = self.leaving, True
        return before

    @property
    def place(self) -> Place:
        """Where the child is, or was when it died."""
        return (0, 0, 0) if self.page is None else (self.page[PAGE_INPUT], self.page[PAGE_PE], self.page[PAGE_STEP])


def _become(incoming: int, outgoing: int, said: int, close: list[int], work: Callable[[int, int], None]) -> None:
    """The forked child: never returns."""
    status = 1
    try:
        for fd in close:
            if fd >= 0:
                os.close(fd)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        os.setpgid(0, 0)
        # What native code prints is shown under the stage's name, and never among the command's results.
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.close(said)
        sys.stderr = sys.__stderr__ = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115 - until it exits
        work(incoming, outgoing)
        status = 0
    except BaseException as error:  # noqa: BLE001 - whatever it was, this process must not go on as its parent
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        os._exit(status)


def register(selector: selectors.BaseSelector, instance: Instance) -> None:
    """Watch the child's frames and what it says on stderr."""
    selector.register(instance.incoming, selectors.EVENT_READ, instance)
    selector.register(instance.errors, selectors.EVENT_READ, instance)

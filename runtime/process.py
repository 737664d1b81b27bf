"""What makes a process a good child: its own group, quiet protocol fds, gone when its parent is."""

import logging
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from io import RawIOBase, TextIOWrapper
from typing import Any, BinaryIO, cast

from sferic.runtime.host.fiber import pe_of_thread
from sferic.runtime.host.step import PAGE_PE, Page
from sferic.runtime.kin import MARK, end_kin, end_orphans
from sferic.runtime.observe import Event
from sferic.runtime.plan import Stage

Tell = Callable[[Event], None]
AtWork = Callable[[], tuple[str, int]]  # path and rank of the PE at work


def become_child() -> tuple[BinaryIO, BinaryIO]:
    """Take fds 0 and 1 for the protocol, point 0 to nothing and 1 to stderr, lead a process group of one's own.

    Returns the protocol's (incoming, outgoing).
    """
    incoming = os.fdopen(os.dup(0), "rb", buffering=0)
    outgoing = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    leave_with(incoming.fileno())
    return incoming, outgoing


def leave_with(fd: int) -> None:
    """End this process and its children when the other end of pipe `fd` is closed, whatever the main thread does."""
    mark = os.environ.get(MARK, "")

    def watch() -> None:
        poll = select.poll()
        poll.register(fd, 0)  # hang-up is always reported
        poll.poll()
        end_kin(mark)
        end_orphans()  # of other children of a parent that was killed, should they be gone, too
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=watch, name="sferic-parent-watch", daemon=True).start()


class _Lines(RawIOBase):
    """The buffer below what stands for sys.stdout: lines become events with the name of the PE that is at work.

    Each thread has its own line, since what a source prints comes between what the host's thread prints.
    """

    def __init__(self, tell: Tell, at_work: AtWork) -> None:
        super().__init__()
        self._tell = tell
        self._at_work = at_work
        self._host = threading.get_ident()
        self._lock = threading.RLock()  # of `_rests`; whatever is freed meanwhile may print, too
        self._rests: dict[int, tuple[bytes, tuple[str, int]]] = {}  # begun lines by thread, and whose they are

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1

    def write(self, data: Any, /) -> int:
        thread, who = threading.get_ident(), self._at_work()
        given = bytes(data)
        with self._lock:
            before = self._rests.pop(thread, (b"", who))[0]
            *lines, rest = (before + given).split(b"\n")
            if rest:
                self._rests[thread] = rest, who
        for line in lines:
            self._say(line, who)
        return len(given)

    def flush(self) -> None:
        """Say the line that this thread has begun; on the host's thread, which has the last word, those of all."""
        thread = threading.get_ident()
        with self._lock:
            threads = list(self._rests) if thread == self._host else [thread]
            begun = [self._rests.pop(one) for one in threads if one in self._rests]
        for rest, who in begun:
            self._say(rest, who)

    def _say(self, line: bytes, who: tuple[str, int]) -> None:
        text = line.decode(errors="backslashreplace")
        self._tell({"event": "print", "pe": who[0], "rank": who[1], "text": text})


class _Logged(logging.Handler):
    """Python's logging, as events."""

    def __init__(self, tell: Tell, at_work: AtWork) -> None:
        super().__init__()
        self._tell = tell
        self._at_work = at_work

    def emit(self, record: logging.LogRecord) -> None:
        pe, rank = self._at_work()
        try:
            text = self.format(record)
        except Exception:  # noqa: BLE001 - as in plain Python, a wrong call of logging is shown and ends nothing
            self.handleError(record)
            return
        self._tell({"event": "log", "level": record.levelno, "pe": pe, "rank": rank, "text": text})


def at_work(stage: Stage, rank: int, page: Page) -> tuple[str, int]:
    """(path, rank) of the PE that the calling thread works for, in a host of this stage."""
    return pe_of_thread() or (stage.pes[min(page[PAGE_PE], len(stage.pes) - 1)].path, rank)


def capture_output(tell: Tell, at_work: AtWork) -> Callable[[], None]:
    """Turn what PEs print and log into events, until the function that is returned is called."""
    lines = cast(BinaryIO, _Lines(tell, at_work))  # only written to
    printed = TextIOWrapper(lines, encoding="utf-8", errors="backslashreplace", newline="\n", write_through=True)
    stdout, sys.stdout = sys.stdout, printed
    root, handler = logging.getLogger(), _Logged(tell, at_work)
    level = root.level
    root.addHandler(handler)
    if level in (logging.NOTSET, logging.WARNING):
        root.setLevel(logging.INFO)

    hook = sys.breakpointhook

    def debug(*args: Any, **kwargs: Any) -> Any:
        put_back()  # a debugger talks to the terminal
        return hook(*args, **kwargs)

    def put_back() -> None:
        sys.breakpointhook = hook
        printed.flush()
        sys.stdout = stdout
        root.removeHandler(handler)
        root.setLevel(level)

    sys.breakpointhook = debug
    return put_back

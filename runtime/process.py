"""What makes a process a good child: its own group, quiet protocol fds, gone when its parent is."""

import logging
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from io import TextIOBase
from typing import BinaryIO

from sferic.runtime.host.fiber import pe_of_thread
from sferic.runtime.host.step import PAGE_PE, Page
from sferic.runtime.observe import Event
from sferic.runtime.plan import Stage

Tell = Callable[[Event], None]


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

    def watch() -> None:
        poll = select.poll()
        poll.register(fd, 0)  # hang-up is always reported
        poll.poll()
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=watch, name="sferic-parent-watch", daemon=True).start()


class _Printed(TextIOBase):
    """Stands for sys.stdout: lines become events with the name of the PE that is at work."""

    def __init__(self, tell: Tell, stage: Stage, rank: int, page: Page) -> None:
        super().__init__()
        self._tell = tell
        self._stage = stage
        self._rank = rank
        self._page = page
        self._rest = ""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1

    def write(self, text: str, /) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._say(line)
        return len(text)

    def flush(self) -> None:
        if self._rest:
            line, self._rest = self._rest, ""
            self._say(line)

    def _say(self, line: str) -> None:
        pe = _pe_at_work(self._stage, self._page)
        self._tell({"event": "print", "pe": pe, "rank": self._rank, "text": line})


class _Logged(logging.Handler):
    """Python's logging, as events."""

    def __init__(self, tell: Tell, stage: Stage, rank: int, page: Page) -> None:
        super().__init__()
        self._tell = tell
        self._stage = stage
        self._rank = rank
        self._page = page

    def emit(self, record: logging.LogRecord) -> None:
        pe = _pe_at_work(self._stage, self._page)
        text = self.format(record)
        self._tell({"event": "log", "level": record.levelno, "pe": pe, "rank": self._rank, "text": text})


def _pe_at_work(stage: Stage, page: Page) -> str:
    return pe_of_thread() or stage.pes[min(page[PAGE_PE], len(stage.pes) - 1)].path


def capture_output(tell: Tell, stage: Stage, rank: int, page: Page) -> None:
    """Turn what PEs print and log into events."""
    sys.stdout = _Printed(tell, stage, rank, page)
    root = logging.getLogger()
    root.addHandler(_Logged(tell, stage, rank, page))
    if root.level in (logging.NOTSET, logging.WARNING):
        root.setLevel(logging.INFO)

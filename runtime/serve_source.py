"""Serves a stage of sources: groups of batches go out, at most a window of them unanswered."""

import json
import os
import threading
import time
from collections import deque
from typing import Any

from sferic.runtime import frames
from sferic.runtime.frames import Body
from sferic.runtime.host import Host
from sferic.runtime.host.failures import RunStopped
from sferic.runtime.host.step import PAGE_HAS_STATE, PAGE_STATE, WAITING, WORKING
from sferic.runtime.wire import Wire

_COUNT_EVERY = 0.5


def serve_source(host: Host, wire: Wire, *, window: int, group: int, token: bytes) -> None:
    """Run the stage's sources, send what they write, tell them what was committed, and end with DONE."""
    _SourceServer(host, wire, window, group).run(json.loads(token) if token else None)


class _SourceServer:
    """The main thread runs the sources. A second one reads frames; a third sends what has waited long enough.

    `wire.lock` guards the buckets, the emits and what is sent; `_answered` (a condition) guards the fields below it.
    """

    def __init__(self, host: Host, wire: Wire, window: int, group: int) -> None:
        self._host = host
        self._wire = wire
        self._page = host.page
        self._window = window
        self._linger = min(
            (link.batch.linger for link in host.plan.links if link.from_stage == host.stage.id), default=1.0
        )
        self._position: Any = None
        self._knows_position = False
        self._stop = False
        self._dirty = threading.Event()
        self._last_sent = 0.0
        self._counted = 0.0
        self._answered = threading.Condition()
        self._group = group
        self._open: deque[tuple[int, Any]] = deque()
        self._acked: set[int] = set()
        self._commits: deque[Any] = deque()

    def run(self, position: Any) -> None:
        threading.Thread(target=self._read, name="sferic-reader", daemon=True).start()
        threading.Thread(target=self._send_waiting, name="sferic-linger", daemon=True).start()
        self._position = position
        self._page[PAGE_STATE] = WORKING
        self._host.run_sources(
            stopping=lambda: self._stop,
            position=position,
            moved=self._moved,
            wrote=self._wrote,
            due=self._due,
            waiting=self._look_around,
        )
        self._host.finish()
        self._close_group()
        self._wait_for(0)
        if self._knows_position:
            self._commits.append(self._position)
        self._commit()
        self._tell_counts()
        self._wire.write(frames.DONE)
        with self._answered:  # the supervisor ends this process when all else has ended, too
            self._answered.wait()

    def _moved(self, position: Any) -> None:
        self._position = position
        self._knows_position = True

    def _due(self) -> bool:
        """Has nothing been sent for a while? If something has, what is gathered goes soon."""
        if time.monotonic() - self._last_sent > self._linger:
            return True
        self._dirty.set()
        return False

    def _wrote(self) -> None:
        """Items went into the buckets: send now if full or if nothing was sent for a while, else soon."""
        now = time.monotonic()
        if self._wire.gathered or now - self._last_sent > self._linger:
            self._close_group()
        else:
            self._dirty.set()
        self._look_around(now)

    def _look_around(self, now: float | None = None) -> None:
        """Do what is due between items: tell what was committed, run `every`, count."""
        now = time.monotonic() if now is None else now
        self._commit()
        if self._host.timers:
            self._host.timers.run_due()
        if now - self._counted > _COUNT_EVERY:
            self._counted = now
            self._tell_counts()

    def _close_group(self) -> None:
        """Send all that is gathered as one group; then wait until the window has room for another."""
        with self._wire.lock:
            self._host.flush()
            emits = self._wire.take_emits()
            self._last_sent = time.monotonic()
            if emits:
                token = json.dumps(self._position).encode() if self._knows_position else b""
                with self._answered:
                    self._group += 1
                    self._open.append((self._group, self._position))
                self._page[PAGE_HAS_STATE] = int(not self._knows_position)
                self._wire.write(frames.EMIT, frames.pack_group(self._group, token, emits))
        self._wait_for(self._window - 1)

    def _wait_for(self, unanswered: int) -> None:
        with self._answered:
            if len(self._open) > unanswered:
                self._page[PAGE_STATE] = WAITING
                self._answered.wait_for(lambda: len(self._open) <= unanswered)
                self._page[PAGE_STATE] = WORKING

    def _commit(self) -> None:
        while self._commits:
            self._host.committed(self._commits.popleft())

    def _send_waiting(self) -> None:
        while True:
            self._dirty.wait()
            time.sleep(self._linger)
            self._dirty.clear()
            try:
                self._close_group()
            except (OSError, RunStopped):
                return  # the pipe is gone, or the run was told to end: the reader sees to it

    def _read(self) -> None:
        try:
            while True:
                kind, _, body = self._wire.read()
                if kind == frames.ACKED:
                    self._take_acks(Body(body).numbers())
                elif kind == frames.STOP:
                    self._stop = True
        except (EOFError, OSError):
            os._exit(0)  # whoever started this process is gone

    def _take_acks(self, groups: list[int]) -> None:
        with self._answered:
            self._acked.update(groups)
            while self._open and self._open[0][0] in self._acked:
                number, position = self._open.popleft()
                self._acked.discard(number)
                if position is not None:
                    self._commits.append(position)
            self._answered.notify_all()

    def _tell_counts(self) -> None:
        pes = {pe: counts for pe, counts in self._host.counts().items() if any(counts.values())}
        if pes:
            self._wire.tell({"event": "counts", "rank": self._host.rank, "pes": pes})

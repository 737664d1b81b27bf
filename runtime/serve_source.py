"""Serves a stage of sources: groups of batches go out, at most a window of them unanswered."""

import json
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sferic.runtime import frames
from sferic.runtime.frames import Body
from sferic.runtime.host import Host
from sferic.runtime.host.source import show_waiting
from sferic.runtime.host.step import PAGE_HAS_STATE, PAGE_STATE, WAITING, WORKING
from sferic.runtime.host.turns import Turns
from sferic.runtime.pace import Pace
from sferic.runtime.wire import Wire

_COUNT_EVERY = 0.5
_CAREFUL = 64
_TELL_POSITIONS = 1.0  # seconds after which positions are told although nothing goes out


@dataclass(frozen=True, slots=True)
class _Group:
    """Batches sent together and not yet acked."""

    number: int
    positions: Mapping[str, Any]
    largest: int  # items of its largest batch
    sent: float


class SourceServer:
    """The main thread does all but run the sources, each of which has its own. Another one reads frames; `_answered`
    (a condition) guards the fields below it.

    With `keeps` its supervisor keeps state: a position is committed when the SAVED that has it is KEPT, and not when
    its group is acked. A token is a JSON object of the sources' positions by path; empty where one of them does not
    know its own.
    """

    def __init__(
        self,
        host: Host,
        wire: Wire,
        *,
        window: int,
        group: int,
        unacked: Sequence[int] = (),
        replaces: bool = False,
        keeps: bool = False,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        self._look = look
        self._host = host
        self._wire = wire
        self._page = host.page
        self._window = window
        linger = min((link.batch.linger for link in host.plan.links if link.from_stage == host.stage.id), default=1.0)
        self._linger = linger
        self._stop = False
        self._last_sent = 0.0
        self._waits_since: float | None = None  # when the oldest item that is not sent was written
        self._counted = 0.0
        self._told = (0.0, host.positions())  # positions that went out last, and when that was looked at
        self._turns = Turns(
            host.sources, stopping=lambda: self._stop, wrote=self._wrote, between=self._between, linger=linger
        )
        self._knows_positions = all(source.knows_position for source in host.sources)
        self._answered = threading.Condition()
        self._group = group
        self._open: deque[_Group] = deque()
        self._acked: set[int] = set()
        self._processed: Mapping[str, Any] = {}  # positions, each of which its source is to be told
        self._keeps = keeps
        self._asked = 0  # number of the SAVE to be answered
        self._saved: dict[int, Mapping[str, Any]] = {}  # positions by number
        self._done = self._released = False
        self._pace = Pace()
        # After a death nothing waits to be sent together: should an item have been its cause, its neighbours get away.
        self._careful = _CAREFUL if replaces else 0
        # What a predecessor sent and is not processed yet comes before all of this process's own.
        self._open.extend(_Group(number, {}, 0, time.monotonic()) for number in unacked)
        wire.overflow = self._send_group

    def serve(self, token: bytes, *, resumed: bool = False) -> None:
        """Run the stage's sources from `token` on, send what they write, tell them what was committed, and end with
        DONE. `resumed`: the token is from another worker or another topology of this name."""
        threading.Thread(target=self._read, name="sferic-reader", daemon=True).start()
        self._host.begin_at(json.loads(token) if token else {}, resumed=resumed)
        self._told = (time.monotonic(), self._host.positions())
        self._host.begin_input(self._group + 1)
        self._turns.run()
        self._host.finish()
        self.close_group()
        self._tell_positions()
        self._wait_for(0)
        last: Mapping[str, Any] = self._host.positions()
        with self._answered:
            self._saved.clear()
            self._saved[0], self._done = last, True  # whatever is kept from here on has all of it
        if not self._keeps:
            self._processed = last
        self._commit()
        sys.stdout.flush()  # a last line without an end
        self._tell_counts()
        self._wire.write(frames.DONE)
        self._page[PAGE_STATE] = WAITING
        with self._answered:  # the supervisor ends this process when all else has ended, too, unless it keeps state
            self._answered.wait_for(lambda: self._released)
        self._commit()

    def _wrote(self) -> None:
        """Items went into the buckets: send now if full or if nothing was sent for a while, else soon."""
        now = time.monotonic()
        if self._careful or self._wire.gathered or now - self._last_sent > self._linger:
            self._careful = max(0, self._careful - 1)
            self.close_group()
        elif self._waits_since is None:
            self._waits_since = now

    def _between(self) -> float:
        """Do what is due between items: send what has waited, tell what was committed, run `every`, count."""
        now = time.monotonic()
        self._commit()
        self._save()
        if self._host.timers and self._host.timers.run_due():
            self._wrote()
        if self._waits_since is not None and now - self._waits_since >= self._linger:
            self.close_group()
        if self._knows_positions and now - self._told[0] >= _TELL_POSITIONS:
            self.close_group()
            self._tell_positions()
        if now - self._counted > _COUNT_EVERY:
            self._counted = now
            self._look()
            self._tell_counts()
        show_waiting(self._host.sources, self._page)
        timer = self._host.timers.wait()
        pause = _COUNT_EVERY if timer is None else timer
        if self._waits_since is not None:
            pause = min(pause, self._waits_since + self._linger - now)
        return pause

    def close_group(self) -> None:
        """Send all that is gathered as one group; then wait until the window has room for another."""
        self._host.flush()
        self._send_group()

    def _tell_positions(self) -> None:
        """What the sources gave came to nothing further, or was for PEs of this stage: they have moved all the same."""
        if self._knows_positions and self._host.positions() != self._told[1]:
            self._send_group(empty=True)
        self._told = (time.monotonic(), self._told[1])

    def _send_group(self, *, empty: bool = False) -> None:
        emits = self._wire.take_emits()
        self._last_sent = time.monotonic()
        self._waits_since = None
        if emits or empty:
            # The positions are those of what was passed on: what the sources wrote since is not in this group.
            positions = self._host.positions()
            token = json.dumps(positions).encode() if self._knows_positions else b""
            self._told = (self._last_sent, positions)
            with self._answered:
                self._group += 1
                self._open.append(_Group(self._group, positions, self._wire.largest, self._last_sent))
                self._wire.most = self._pace.most
            self._page[PAGE_HAS_STATE] = int(not self._knows_positions or self._host.has_state())
            self._wire.write(frames.EMIT, frames.pack_group(self._group, token, emits))
            # Items are counted from group to group: a source that goes on counts again as its predecessor did.
            self._host.begin_input(self._group + 1)
        self._wait_for(self._window - 1)

    def _wait_for(self, unanswered: int) -> None:
        with self._answered:
            if len(self._open) > unanswered:
                self._page[PAGE_STATE] = WAITING
                began = time.monotonic()
                self._answered.wait_for(lambda: len(self._open) <= unanswered)
                self._turns.waited += time.monotonic() - began
                self._page[PAGE_STATE] = WORKING

    def _save(self) -> None:
        """Give away the state after all that went out; what comes from here on is not in it."""
        if self._asked:
            number, self._asked = self._asked, 0
            self.close_group()
            positions = self._host.positions()
            token = json.dumps(positions).encode() if self._knows_positions else b""
            with self._answered:
                self._saved[number] = positions
            self._tell_counts()  # whoever goes on from here counts from here
            self._wire.write(frames.SAVED, frames.pack_saved(number, token, self._host.state()))

    def _commit(self) -> None:
        if self._processed:
            with self._answered:
                processed = self._processed
                self._processed = {}
            later = self._host.committed(processed)
            with self._answered:
                self._processed = {**later, **self._processed}

    def _read(self) -> None:
        try:
            while True:
                kind, _, body = self._wire.read()
                if kind == frames.ACKED:
                    self._take_acks(Body(body).numbers())
                elif kind == frames.SAVE:
                    self._asked = Body(body).number()
                elif kind == frames.KEPT:
                    self._take_kept(Body(body).number())
                elif kind == frames.STOP:
                    self._stop = True
        except (EOFError, OSError):
            os._exit(0)  # whoever started this process is gone

    def _take_acks(self, groups: list[int]) -> None:
        with self._answered:
            now = time.monotonic()
            self._acked.update(groups)
            while self._open and self._open[0].number in self._acked:
                group = self._open.popleft()
                self._acked.discard(group.number)
                self._pace.processed(group.largest, now - group.sent)
                if not self._keeps:
                    self._processed = {**self._processed, **group.positions}
            self._answered.notify_all()

    def _take_kept(self, number: int) -> None:
        with self._answered:
            for one in [one for one in self._saved if one <= number]:
                self._processed = {**self._processed, **self._saved.pop(one)}
            self._released = self._done
            self._answered.notify_all()

    def _tell_counts(self) -> None:
        pes = {pe: counts for pe, counts in self._host.counts().items() if any(counts.values())}
        if pes:
            self._wire.tell({"event": "counts", "rank": self._host.rank, "pes": pes})

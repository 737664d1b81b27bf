"""A process that holds one instance of a stream job between its supersteps, beside Spark's workers: whichever of them
has a task of the instance asks it."""

import contextlib
import secrets
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from sferic.runtime.frames import KEPT, BatchHeader, Emit, pack_number
from sferic.runtime.local.attempt import ends
from sferic.runtime.local.child import Input, Instance, Settings
from sferic.runtime.local.children import Children
from sferic.runtime.observe import Event
from sferic.runtime.plan import Plan
from sferic.runtime.spark.kept import Answer, Ask, Kept

_TURN = 0.1  # seconds that something is waited for at a time
_LOOK = 0.25  # seconds between looks whether anybody still needs this process
_IDLE = 120.0  # seconds without a question after which an instance that can begin elsewhere is given up
_ENDED = 20.0  # the same of one that is finished
_MOST_BYTES = 32 << 20  # that a source sends at a superstep, about
_GATHER = 0.2  # seconds that a source goes on for once it has something
_PAUSE = 0.005  # seconds without anything more after which it does not
_RELEASE = 5.0  # seconds that a source has to hear that all was kept
_COUNTED = ("counts", "failed")  # events of items: they come again when a superstep begins again


class _Over(Exception):  # noqa: N818 - the way out of a superstep, not an error
    """An event ended the attempt: the driver will say so."""


class _Stop:
    requested = False


class Keeper:
    """Answers what tasks ask, one after the other."""

    def __init__(self, plan: Plan, kept: Kept, settings: Settings, needed: Callable[[], bool], fds: list[int]) -> None:
        """`needed`: False once nobody will ask any more; `fds`: those that no child shall have."""
        self._plan = plan
        self._stage = plan.stage(kept.stage)
        self._rank = kept.rank
        self._settings = settings
        self._needed = needed
        self._fds = fds
        self._endless = plan.endless
        self._bound = any(pe.source and not pe.positions for pe in self._stage.pes)  # it cannot begin elsewhere
        self._answer: tuple[Ask, Answer] | None = None
        self._came = 0.0  # when the source sent something, at this superstep
        self._version: str | None = None
        self._children: Children | None = None
        self._numbers = 0

    @property
    def lasts(self) -> float:
        """Seconds that it is worth while to wait for a question."""
        if self._children is not None and self._instance.finished:
            return _ENDED
        return float("inf") if self._bound else _IDLE

    def holds(self, ask: Ask) -> bool:
        """Is the instance here at this version, or was this asked before?"""
        return self._version == ask.version or self._asked_before(ask)

    def _asked_before(self, ask: Ask) -> bool:
        return self._answer is not None and self._answer[0] == ask

    def begin(self, kept: Kept) -> None:
        """Begin from what Spark has kept, whatever is here."""
        self.close()
        self._out: list[Emit] = []  # since the state was saved
        self._bytes = self._items = 0
        self._events: list[Event] = []
        self._before: tuple[list[Emit], list[Event]] = ([], [])  # what came before it was saved, in this superstep
        self._cut = True  # was it, in this superstep?
        self._inputs: list[Input] = []
        self._acks: list[int] = []
        self._state, self._token, self._group = kept.state, kept.token, 0
        self._new: tuple[bytes, bytes] | None = None
        self._stop = _Stop()
        self._instance = Instance(1, kept.stage, kept.rank, self._stage.source, token=kept.token, state=kept.state)
        self._instance.finished = kept.finished
        self._children = Children(
            self._plan, [self._instance], self._settings, None, self, self._stop, inherited=self._fds
        )
        if self._bound and kept.version and not kept.finished:
            self._events.append({"event": "lost", "stage": kept.stage, "rank": kept.rank})
        self._version = kept.version

    def close(self) -> None:
        """Leave no process behind."""
        if self._children is not None:
            self._children.close()
            self._children = None

    def idle(self) -> None:
        """Between questions: look after the process, but take no source's batch out of its window."""
        if self._children is not None:
            with contextlib.suppress(_Over):
                self._children.turn(0.0)

    def answer(self, ask: Ask) -> Answer:
        """Make a superstep; the answer to what was asked before is the same."""
        if self._answer is not None and self._asked_before(ask):
            return self._answer[1]
        if self._numbers:
            self._instance.send(KEPT, pack_number(self._numbers))
        try:
            if any(map(self._ends, self._events)):
                raise _Over
            self._cut = False
            self._seconds = 0.0
            if ask.release:
                self._release()
            elif self._stage.source:
                self._run_source(ask)
            else:
                self._run_inputs(ask)
            if not self._cut or self._instance.finished:  # it may have ended right after it was saved
                self._set_apart()
        except _Over:
            self._set_apart()
        answer = self._taken()
        self._answer = (ask, answer)
        return answer

    def _taken(self) -> Answer:
        if self._instance.finished:
            self._new = (b"", self._instance.token)
        state, token = (None, None) if self._new is None else self._new
        emits, events = self._before
        self._before = ([], [])
        if state is not None or emits or events or self._instance.finished:
            self._version = secrets.token_hex(8)
        if self._instance.loose:
            self._instance.loose_done(list(self._instance.loose))
        self._new = None
        assert self._version is not None
        sent = tuple((emit.link, emit.bucket, emit.batch) for emit in emits)
        return Answer(self._version, state, token, self._instance.finished, sent, tuple(events), self._seconds)

    def _run_inputs(self, ask: Ask) -> None:
        instance = self._instance
        self._inputs = []
        for batch in ask.inputs:
            self._numbers += 1
            self._inputs.append(Input(self._numbers, batch, frozenset()))
        instance.waiting = deque(self._inputs)
        while True:
            self._again = False
            ready, began = instance.ready, time.monotonic()
            instance.feed()
            self._until(lambda: not (instance.waiting or instance.held))
            self._seconds = time.monotonic() - began if ready else 0.0
            if ask.finish:
                instance.finish()
                self._until(lambda: instance.finished)
            elif self._inputs or instance.timed or self._out or not instance.ready:
                self._until(lambda: instance.ready)
                self._save()
            if not self._again:
                return

    def _run_source(self, ask: Ask) -> None:
        instance = self._instance
        self._stop.requested = self._stop.requested or ask.stop
        while True:
            self._again = False
            self._open_window()
            until = time.monotonic() + ask.patience
            self._came = time.monotonic() if self._out else 0.0  # since it was saved
            while not (instance.finished or self._again):
                now = time.monotonic()
                full = self._bytes > _MOST_BYTES or self._items >= ask.most
                left = min(until, self._came + _PAUSE) - now if self._came else until - now
                if not ask.stop and (full or left <= 0):
                    break
                first = not self._came
                self._turn(_TURN if ask.stop else left)
                if first and self._came:
                    until = self._came + min(_GATHER, ask.patience)
                if ask.stop or not full:
                    self._open_window()
            if not instance.finished:
                self._save()
            if not self._again:
                return

    def _save(self) -> None:
        if self._again:
            return
        self._numbers += 1
        self._instance.save(self._numbers)
        instance = self._instance
        while (instance.saving and not instance.finished) and not self._again:
            self._turn()
            self._open_window()

    def _release(self) -> None:
        """Let sources hear that all they gave is kept, and end."""
        self._instance.send(KEPT, pack_number(self._numbers))
        until = time.monotonic() + _RELEASE
        while self._instance.incoming >= 0 and time.monotonic() < until:
            self._turn()

    def _until(self, done: Callable[[], bool]) -> None:
        while not (done() or self._again):
            self._turn()

    def _turn(self, most: float = _TURN) -> None:
        assert self._children is not None
        self._children.turn(min(most, _TURN))
        if not self._needed():
            raise SystemExit

    def _open_window(self) -> None:
        if self._acks:
            self._instance.acked(self._acks)
            self._acks = []

    def answered(self, instance: Instance, done: list[Input], emits: list[Emit]) -> None:
        """They go on at the next superstep."""
        self._send(emits)

    def emitted(self, instance: Instance, group: int, emits: list[Emit]) -> None:
        """A source's go on, too; so does what an `every` method wrote."""
        self._came = time.monotonic()
        if group:
            self._acks.append(group)
        else:
            instance.wrote_loose(len(emits))
        self._send(emits)

    def _send(self, emits: list[Emit]) -> None:
        self._out += emits
        if self._stage.source:
            self._bytes += sum(len(emit.batch) for emit in emits)
            self._items += sum(BatchHeader.unpack(emit.batch).count for emit in emits)

    def saved(self, instance: Instance, token: bytes, state: bytes) -> None:
        """The end of a superstep: what comes of the process from here on belongs to the next."""
        if (state, token) != (self._state, self._token):
            self._new = (state, token)
        self._state, self._token, self._group = state, token, instance.group
        instance.state = state
        self._inputs = []
        self._cut = True
        self._set_apart()

    def _set_apart(self) -> None:
        emits, events = self._before
        self._before = ([*emits, *self._out], [*events, *self._events])
        self._out, self._bytes, self._items, self._events = [], 0, 0, []

    def lost(self, instance: Instance) -> bool:
        """The superstep begins again where it began, unless a source cannot."""
        if self._bound:
            return False
        self._again = not self._cut
        self._out, self._bytes, self._items, self._acks = [], 0, 0, []
        self._events = [event for event in self._events if event["event"] not in _COUNTED]
        instance.held = {}
        instance.waiting = deque(self._inputs)
        instance.finishing = False
        instance.saving = 0
        instance.token, instance.group, instance.unacked = self._token, self._group, []
        return True

    def set_aside(self, given: Input) -> None:
        """Nothing comes of it, should the superstep begin again, either."""
        self._inputs = [one for one in self._inputs if one is not given]

    def event(self, event: Event) -> None:
        """For the driver."""
        self._events.append(event)
        if self._ends(event):
            raise _Over

    def _ends(self, event: Event) -> bool:
        return ends(event) and not (event["event"] == "lost" and self._endless)


def serve(server: socket.socket, keeper: Keeper, needed: Callable[[], bool], fds: list[int]) -> None:
    """Answer until nobody needs it."""
    asked = time.monotonic()
    while needed() and time.monotonic() - asked < keeper.lasts:
        if not select.select([server], [], [], _LOOK)[0]:
            keeper.idle()
            continue
        connection = Connection(server.accept()[0].detach())
        fds.append(connection.fileno())
        with contextlib.suppress(EOFError, OSError), connection:  # a task that is no more will be run again
            _talk(connection, keeper)
        fds.pop()
        asked = time.monotonic()


def _talk(connection: "Connection[Any, Any]", keeper: Keeper) -> None:
    ask: Ask = connection.recv()
    if not keeper.holds(ask):
        connection.send(None)
        keeper.begin(connection.recv())
    connection.send(keeper.answer(ask))

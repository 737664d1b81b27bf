"""Serves a stage that has inputs: batches in, answers out, `every` in between."""

import sys
import time
from collections.abc import Callable

from sferic.runtime import frames
from sferic.runtime.frames import Body
from sferic.runtime.host import Host
from sferic.runtime.host.step import IDLE, PAGE_HAS_STATE, PAGE_INPUT, PAGE_LOOSE_DONE, PAGE_STATE, WAITING, WORKING
from sferic.runtime.wire import Wire

_ANSWER_AFTER = 0.005  # seconds of work after which the inputs done so far are answered
_COUNT_EVERY = 0.5  # seconds between counters
_MOST_LOOSE = 16  # batches of `every` methods on their way; no source's window bounds them
_LOOK_FOR_ROOM = 0.005  # seconds between looks whether there are fewer


def serve_inputs(host: Host, wire: Wire, look: Callable[[], None]) -> None:
    """Answer frames until the pipe ends or postprocess is done. `look` is called now and then."""
    server = _Server(host, wire, look)
    try:
        while not server.finished:
            server.turn()
    except EOFError:
        return  # whoever reads the answers is gone


class _Server:
    def __init__(self, host: Host, wire: Wire, look: Callable[[], None]) -> None:
        self._look = look
        self._host = host
        self._wire = wire
        self._page = host.page
        self._counted = 0.0
        self._unasked = False  # does what is written come from an `every` method?
        self._loose = 0  # batches that came from `every` methods so far
        wire.overflow = self._answer_in_part
        self.finished = False

    def turn(self) -> None:
        """Wait for a frame, or until an `every` method is due, and do what is asked."""
        self._page[PAGE_STATE] = IDLE
        try:
            kind, _, body = self._wire.read(self._pause())
        except TimeoutError:
            self._between()
            return
        self._page[PAGE_STATE] = WORKING
        if kind == frames.FEED:
            self._feed(Body(body).inputs())
            self._between()
        elif kind == frames.FINISH:
            self._finish(Body(body).number())
        elif kind == frames.SAVE:
            self._tell_counts()  # whoever goes on from here counts from here
            self._wire.write(frames.SAVED, frames.pack_saved(Body(body).number(), b"", self._host.state()))
        elif kind not in (frames.STOP, frames.KEPT):
            raise frames.FrameError(f"a stage with inputs was sent a frame of type {kind:#x}")

    def _pause(self) -> float:
        room = self._has_room
        most = _COUNT_EVERY if room else _LOOK_FOR_ROOM
        wait = self._host.timers.wait(room=room)
        return most if wait is None else min(wait, most)

    @property
    def _has_room(self) -> bool:
        return self._loose - self._page[PAGE_LOOSE_DONE] < _MOST_LOOSE

    def _feed(self, inputs: list[tuple[int, bytes]]) -> None:
        host, wire = self._host, self._wire
        done: list[int] = []
        began = time.monotonic()
        last = len(inputs) - 1
        for index, (number, batch) in enumerate(inputs):
            host.begin_input(number)
            link, items = wire.decode(batch)
            if isinstance(items, list):
                host.feed(link, items)
            else:
                host.unreadable(link, batch, items)
            done.append(number)
            if index == last or time.monotonic() - began > _ANSWER_AFTER:
                self._look_at_state()
                self._answer(done)
                done = []
                began = time.monotonic()
                if index != last and host.timers:
                    self._run_timers()
        self._page[PAGE_INPUT] = 0

    def _answer(self, done: list[int], flags: int = 0) -> None:
        self._host.flush()
        emits = self._wire.take_emits()
        self._wire.write(frames.ANSWER, [frames.pack_numbers(done), *frames.pack_emits(emits)], flags)

    def _answer_in_part(self) -> None:
        """What was made of the inputs so far, which are not done. Should this process die, it comes once more."""
        self._look_at_state()
        if self._unasked:
            self._wait_for_room()
            self._emit()
        else:
            self._wire.write(frames.ANSWER, [frames.pack_numbers([]), *frames.pack_emits(self._wire.take_emits())])

    def _finish(self, number: int) -> None:
        self._host.begin_input(number)
        self._host.finish()
        sys.stdout.flush()  # a last line without an end
        self._tell_counts()
        self._answer([number], frames.FINISHED)
        self.finished = True

    def _between(self) -> None:
        self._run_timers()
        now = time.monotonic()
        if now - self._counted >= _COUNT_EVERY:
            self._counted = now
            self._look()
            self._tell_counts()

    def _run_timers(self) -> None:
        if self._host.timers:
            self._unasked = True
            if self._host.timers.run_due(room=self._has_room):
                self._host.flush()
                self._emit()
            self._unasked = False

    def _emit(self) -> None:
        emits = self._wire.take_emits()
        if emits:
            self._loose += len(emits)
            self._wire.write(frames.EMIT, frames.pack_group(0, b"", emits))

    def _wait_for_room(self) -> None:
        state = self._page[PAGE_STATE]
        self._page[PAGE_STATE] = WAITING
        while not self._has_room:
            time.sleep(_LOOK_FOR_ROOM)
        self._page[PAGE_STATE] = state

    def _tell_counts(self) -> None:
        pes = {pe: counts for pe, counts in self._host.counts().items() if any(counts.values())}
        if pes:
            self._wire.tell({"event": "counts", "rank": self._host.rank, "pes": pes})

    def _look_at_state(self) -> None:
        self._page[PAGE_HAS_STATE] = int(self._host.has_state())

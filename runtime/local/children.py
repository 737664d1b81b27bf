"""Forked processes with hosts in them: fed, listened to, replaced when they die or hang. Where their batches come from
and go to is the business of a carrier, which decodes none."""

import json
import os
import selectors
import signal
import time
from collections.abc import Iterable, Sequence
from typing import Protocol, cast

from sferic.runtime import frames
from sferic.runtime.definition import Definition
from sferic.runtime.frames import BatchHeader, Body, Emit, FrameError
from sferic.runtime.host.failures import batch_failed, error_event
from sferic.runtime.host.step import PAGE_HAS_STATE, PAGE_STATE, PAGE_STEP, STARTING
from sferic.runtime.kin import end_kin
from sferic.runtime.local.child import Input, Instance, Place, Settings, register
from sferic.runtime.local.standstill import SLOW, limit_at, pe_at
from sferic.runtime.observe import Event, StopRequest, ending
from sferic.runtime.plan import Plan
from sferic.runtime.process import leave_with
from sferic.runtime.worker import work as run_host

_READ = 1 << 20
_TURN = 0.1  # seconds between looks at the stop request and at hanging children
_MOST_DEATHS = 20  # of one instance, within _DEATHS_WITHIN seconds
_DEATHS_WITHIN = 60.0
_MOST_DEATHS_AN_INPUT = 6
_NEVER_READY = 5  # processes in a row that end before they are ready


class Carrier(Protocol):
    """What becomes of what children say. Each call is on the thread that calls `Children.turn`."""

    def answered(self, instance: Instance, done: list[Input], emits: list[Emit]) -> None:
        """These inputs are done, and the batches came of them; of all that are at the child, if none is done yet."""
        ...

    def emitted(self, instance: Instance, group: int, emits: list[Emit]) -> None:
        """A source wrote a group, to be acked with its number; 0: an `every` method wrote, and may write more after
        `Instance.loose_done`."""
        ...

    def saved(self, instance: Instance, token: bytes, state: bytes) -> None:
        """What `Instance.save` asked for: the state after all that came before, and where the sources were."""
        ...

    def lost(self, instance: Instance) -> bool:
        """State went with a process. True: the next one begins again from what was saved, and nobody is told."""
        ...

    def set_aside(self, given: Input) -> None:
        """An input is given up: it ended its process too often."""
        ...

    def event(self, event: Event) -> None:
        """Something happened. What it raises comes out of `Children.turn`."""
        ...


class Children:
    """The processes of some instances of a plan. `definition`: what they run, None where each is to build it."""

    def __init__(
        self,
        plan: Plan,
        instances: Sequence[Instance],
        settings: Settings,
        definition: Definition | None,
        carrier: Carrier,
        stop: StopRequest,
        *,
        inherited: Sequence[int] = (),
    ) -> None:
        """`inherited`: fds of this process that are none of the children's business."""
        self._plan = plan
        self._instances = instances
        self._settings = settings
        self._definition = definition
        self._carrier = carrier
        self._stop = stop
        self._inherited = inherited
        self._selector = selectors.DefaultSelector()
        self._links = {link.id: link for link in plan.links}
        self._looked = 0.0

    def turn(self, most: float = _TURN) -> None:
        """Look around now and then; listen until something comes, for `most` seconds at most; hand over what waits;
        replace who is gone."""
        now = time.monotonic()
        if now - self._looked > _TURN:
            self._looked = now
            self._look(now)
        for key, mask in self._selector.select(min(most, self._start_due())):
            if key.fd == key.data.errors:
                self._listen(key.data)
            else:
                self._ready(key.data, mask)
        for instance in self._instances:
            instance.feed()
            self._watch(instance)

    def close(self) -> None:
        """Leave no process behind."""
        for instance in self._instances:  # they end while each other is waited for
            instance.signal()
        for instance in self._instances:
            instance.reap()
        end_kin(*(instance.mark for instance in self._instances))
        for instance in self._instances:
            self._show(instance, [*instance.said(), *instance.lines.end()])
            instance.close()
        self._selector.close()

    def _start_due(self) -> float:
        """Start every process that is due; seconds until the next one is, at most a turn."""
        wait = _TURN
        for instance in self._instances:
            if not instance.pid and not instance.finished:
                missing = instance.due - time.monotonic()
                if missing > 0:
                    wait = min(wait, missing)
                else:
                    self._start(instance)
        return wait

    def _start(self, instance: Instance) -> None:
        others = [
            fd
            for other in self._instances
            for fd in (other.incoming, other.outgoing, other.errors)
            if other is not instance
        ]
        others += self._inherited

        def work(incoming: int, outgoing: int) -> None:
            leave_with(incoming)
            run_host(os.fdopen(incoming, "rb", 0), os.fdopen(outgoing, "wb", 0), self._definition)

        instance.start(self._settings, work, others)
        register(self._selector, instance)

    def _watch(self, instance: Instance) -> None:
        """Write when the pipe has room."""
        fd, wanted = instance.outgoing, bool(instance.unsent)
        if fd >= 0 and wanted != (fd in self._selector.get_map()):
            if wanted:
                self._selector.register(fd, selectors.EVENT_WRITE, instance)
            else:
                self._selector.unregister(fd)

    def _ready(self, instance: Instance, mask: int) -> None:
        if mask & selectors.EVENT_WRITE:
            instance.write()
        if mask & selectors.EVENT_READ and instance.incoming >= 0:
            try:
                data = os.read(instance.incoming, _READ)
            except BlockingIOError:
                return
            instance.heard += len(data)
            why = ""
            try:
                for kind, flags, body in instance.reader.feed(data):
                    self._frame(instance, kind, flags, body)
            except FrameError as error:
                why = str(error)
                self._show(instance, [f"it broke the protocol and is replaced: {why}"])
            if why or not data:
                self._died(instance, why)

    def _listen(self, instance: Instance) -> None:
        lines = instance.said()
        self._show(instance, lines)

    def _show(self, instance: Instance, lines: Iterable[str]) -> None:
        for line in lines:
            self._carrier.event({"event": "print", "pe": instance.stage, "rank": instance.rank, "text": line})

    def _frame(self, instance: Instance, kind: int, flags: int, body: bytes) -> None:
        if kind == frames.ANSWER:
            self._answer(instance, Body(body), flags)
        elif kind == frames.EMIT:
            self._emit(instance, Body(body))
        elif kind == frames.EVENT:
            self._carrier.event(_event_in(body))
        elif kind == frames.DONE:
            self._finished(instance)
        elif kind == frames.READY:
            instance.ready = True
            instance.timed = bool(json.loads(body).get("every"))
        elif kind == frames.SAVED:
            self._saved(instance, Body(body))
        else:
            raise FrameError(f"a host sent a frame of type {kind:#x}")

    def _answer(self, instance: Instance, body: Body, flags: int) -> None:
        numbers = [number for number in body.numbers() if number]
        emits = self._checked(instance, body.emits())
        if not all(number in instance.held for number in numbers):
            raise FrameError(f"an answer for inputs {numbers}, which are not all at this host")
        answered = [instance.held.pop(number) for number in numbers]
        if instance.culprits:
            instance.culprits = {at: deaths for at, deaths in instance.culprits.items() if at[0] in instance.held}
        self._carrier.answered(instance, answered, emits)
        if flags & frames.FINISHED:
            self._finished(instance)

    def _emit(self, instance: Instance, body: Body) -> None:
        group, token = body.group()
        emits = self._checked(instance, body.emits())
        if group:
            instance.group, instance.token = group, token
            instance.unacked.append(group)
        self._carrier.emitted(instance, group, emits)

    def _saved(self, instance: Instance, body: Body) -> None:
        number, token, state = body.saved()
        if number != instance.saving:
            raise FrameError(f"a host saved number {number}, not {instance.saving}")
        instance.saving = 0
        self._carrier.saved(instance, token, state)

    def _checked(self, sender: Instance, emits: list[Emit]) -> list[Emit]:
        """The same, if all of them can be sent on: a frame happens wholly or not at all."""
        for emit in emits:
            link = self._links.get(emit.link)
            if link is None or link.from_stage != sender.stage or emit.bucket >= self._plan.instances_of(link):
                raise FrameError(f"stage {sender.stage} sent to bucket {emit.bucket} of link {emit.link}")
        return emits

    def _finished(self, instance: Instance) -> None:
        instance.finished = True
        self._carrier.event({"event": "finished", "stage": instance.stage, "rank": instance.rank})

    def _died(self, instance: Instance, why: str) -> None:
        for fd in (instance.incoming, instance.outgoing, instance.errors):
            if fd in self._selector.get_map():
                self._selector.unregister(fd)
        pid, place = instance.pid, instance.place
        has_state = instance.page is not None and bool(instance.page[PAGE_HAS_STATE])
        exit_status = instance.kill()
        self._show(instance, [*instance.said(), *instance.lines.end()])
        instance.close()
        if instance.finished:
            return
        at = {"stage": instance.stage, "rank": instance.rank}
        pe = pe_at(self._plan.stage(instance.stage), place[1]).path
        where = {"input": place[0], "pe": pe, "step": place[2]}
        self._carrier.event({"event": "died", **at, "pid": pid, "exit": exit_status, **where, "text": why})
        self._count_death(instance, place, ending(exit_status))
        if has_state and not self._carrier.lost(instance):
            self._carrier.event({"event": "lost", **at})

    def _count_death(self, instance: Instance, place: Place, how: str) -> None:
        now = time.monotonic()
        instance.deaths = [when for when in instance.deaths if now - when < _DEATHS_WITHIN] + [now]
        where = f"{instance.stage} (instance {instance.rank})"
        if place[0] and (instance.source or place[0] in instance.held):
            instance.culprits[place] = instance.culprits.get(place, 0) + 1
            same_input = sum(count for mark, count in instance.culprits.items() if mark[0] == place[0])
            if same_input > _MOST_DEATHS_AN_INPUT and not instance.source:
                self._set_aside(instance, place, same_input)
        instance.never_ready = 0 if instance.ready else instance.never_ready + 1
        deaths = len(instance.deaths)
        if instance.never_ready >= _NEVER_READY:
            text = f"{where}: its process left {_NEVER_READY} times before it was ready (the last one {how})"
            self._carrier.event(error_event(text))
        if deaths > _MOST_DEATHS:
            text = f"{where}: its process died {deaths} times within a minute (the last one {how})"
            self._carrier.event(error_event(text))
        instance.due = now + min(0.05 * 2 ** (deaths - 2), 2.0) if deaths > 1 else now

    def _set_aside(self, instance: Instance, place: Place, deaths: int) -> None:
        """A whole batch fails: too many of its items ended the process."""
        given = instance.held.pop(place[0])
        link = self._links[BatchHeader.unpack(given.batch).link]
        pe = pe_at(self._plan.stage(instance.stage), place[1])
        error = f"its items ended their process {deaths} times, the last time in {pe.path}"
        self._carrier.event(
            batch_failed(link.to_pe, instance.rank, link.to_port, given.batch, pe.on_failure, error, deaths)
        )
        self._carrier.set_aside(given)

    def _look(self, now: float) -> None:
        stopping = self._stop.requested
        for instance in self._instances:
            if stopping and instance.source and not (instance.stop_sent or instance.finished):
                instance.stop_sent = True
                instance.send(frames.STOP)
            if instance.left():
                self._died(instance, "its pipe was still open after it had left")
            self._show(instance, instance.lines.tick())
            if instance.pid and instance.page is not None and not instance.finished:
                self._look_at_hang(instance, instance.page, now)

    def _look_at_hang(self, instance: Instance, page: memoryview, now: float) -> None:
        seconds = instance.still.look(page, now, owes=instance.owes, heard=instance.heard, unread=instance.unread)
        pe, limit, worth_a_word = limit_at(self._plan.stage(instance.stage), page)
        at = {"stage": instance.stage, "rank": instance.rank, "pe": pe.path, "seconds": seconds}
        at |= {"step": page[PAGE_STEP], "starting": page[PAGE_STATE] == STARTING}
        if worth_a_word and seconds > SLOW and not instance.still.warned:
            instance.still.warned = True
            self._carrier.event({"event": "slow", **at})
        if limit is not None and seconds > limit and not instance.still.killed:
            instance.still.killed = True
            self._carrier.event({"event": "hung", **at})
            os.killpg(instance.pid, signal.SIGKILL)  # its pipe's end brings the loop to replace it


def _event_in(body: bytes) -> Event:
    try:
        event = json.loads(body)
    except ValueError as error:
        raise FrameError(f"an event that is not JSON: {error}") from error
    if not isinstance(event, dict) or "event" not in event:
        raise FrameError("an event without a name")
    return cast(Event, event)

"""Runs a plan on this machine, one process an instance. The parent carries batches between them, never decoding one."""

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from sferic.runtime.definition import Definition
from sferic.runtime.frames import Emit
from sferic.runtime.local.attempt import Attempt, run_attempts
from sferic.runtime.local.child import WINDOW, Input, Instance, Root, Settings
from sferic.runtime.local.children import Children
from sferic.runtime.observe import Event, Observer, StopRequest
from sferic.runtime.plan import RESULTS, Plan

_NO_ROOTS: frozenset[Root] = frozenset()


def run_multi(plan: Plan, definition: Definition, observer: Observer, stop: StopRequest) -> None:
    """Run `plan` to its end; what happens goes to `observer`.

    When state was lost a finite run begins again once; the second time it ends with an error.
    """

    def carry(attempt: Attempt) -> None:
        folder = Path(tempfile.mkdtemp(prefix="sferic-"))
        run = _Run(plan, definition, attempt, stop, folder)
        try:
            run.loop()
        finally:
            run.close()
            shutil.rmtree(folder)

    run_attempts(plan, observer, carry)


class _Run:
    """What Storm does on a cluster: batches go to the instance of their bucket, and a group of a source's is acked when
    all that came of it is processed."""

    def __init__(
        self,
        plan: Plan,
        definition: Definition,
        attempt: Attempt,
        stop: StopRequest,
        folder: Path,
    ) -> None:
        self._attempt = attempt
        plan.write(folder / "plan.json")
        settings = Settings(folder / "plan.json", Path.cwd(), attempt.number, WINDOW, attempt.key)
        self._links = {link.id: link for link in plan.links}
        self._instances: list[Instance] = []
        self._by_stage: dict[str, list[Instance]] = {}
        for stage in plan.stages:
            self._by_stage[stage.id] = [
                Instance(len(self._instances) + rank, stage.id, rank, stage.source) for rank in range(stage.instances)
            ]
            self._instances += self._by_stage[stage.id]
        self._senders = {
            stage.id: {link.from_stage for link in plan.links if link.to_stage == stage.id} for stage in plan.stages
        }
        self._open: dict[Root, int] = defaultdict(int)  # batches of a source's group that are not answered yet
        self._numbers = 0
        self._children = Children(plan, self._instances, settings, definition, self, stop)

    def loop(self) -> None:
        """Carry batches until every instance is finished."""
        while not all(instance.finished for instance in self._instances):
            self._children.turn()
            self._finish_ready()

    def close(self) -> None:
        """Leave no process behind."""
        self._children.close()

    def answered(self, instance: Instance, done: list[Input], emits: list[Emit]) -> None:
        """Batches go on; what they came of is closed."""
        # An answer in part, for no input yet, belongs to all that are there.
        whose = done or instance.held.values()
        self._route(emits, _NO_ROOTS.union(*(given.roots for given in whose)))
        for given in done:
            self._close_roots(given.roots)

    def emitted(self, instance: Instance, group: int, emits: list[Emit]) -> None:
        """A group begins its way."""
        if not group:
            group = instance.wrote_loose(len(emits))
        root = (instance.number, group)
        self._open[root] += 1  # so that it stays open while its batches are counted
        self._route(emits, frozenset({root}))
        self._close_roots({root})

    def saved(self, instance: Instance, token: bytes, state: bytes) -> None:
        """Nobody asks for it here."""

    def lost(self, instance: Instance) -> bool:
        """Nothing of it was kept."""
        return False

    def set_aside(self, given: Input) -> None:
        """Nothing will come of it."""
        self._close_roots(given.roots)

    def event(self, event: Event) -> None:
        """Raises Over where it ends the attempt."""
        self._attempt.event(event)

    def _route(self, emits: Iterable[Emit], roots: frozenset[Root]) -> None:
        for emit in emits:
            link = self._links[emit.link]
            if link.to_stage == RESULTS:
                self._attempt.result(link.id, emit.batch)
                continue
            self._numbers += 1
            for root in roots:
                self._open[root] += 1
            self._by_stage[link.to_stage][emit.bucket].waiting.append(Input(self._numbers, emit.batch, roots))

    def _close_roots(self, roots: Iterable[Root]) -> None:
        done: dict[int, list[int]] = defaultdict(list)
        for root in roots:
            self._open[root] -= 1
            if not self._open[root]:
                del self._open[root]
                done[root[0]].append(root[1])
        for number, groups in done.items():
            instance = self._instances[number]
            if groups[0] < 0:  # a bolt's: it has no other ones
                instance.loose_done(groups)
            else:
                instance.acked(groups)

    def _finish_ready(self) -> None:
        """Tell instances whose senders are all finished, and that have nothing left, to run postprocess."""
        for stage, senders in self._senders.items():
            if senders and all(sender.finished for name in senders for sender in self._by_stage[name]):
                for instance in self._by_stage[stage]:
                    instance.finish()

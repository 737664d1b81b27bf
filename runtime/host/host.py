"""The host runs one instance of one stage: items in, batches for links out."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from sferic.runtime.definition import Definition
from sferic.runtime.host.failures import ENDINGS, Failures, RunStopped, batch_failed, error_event, user_traceback
from sferic.runtime.host.outputs import CallReceiver, LinkReceiver, Outlet
from sferic.runtime.host.snapshot import Snapshots, StateError
from sferic.runtime.host.source import GivenItems, RunningSource, Source
from sferic.runtime.host.state import StateWatch
from sferic.runtime.host.step import PAGE_FIELDS, PAGE_INPUT, PAGE_PE, PAGE_STATE, WORKING, Page, Step
from sferic.runtime.host.timers import Timers
from sferic.runtime.observe import Event
from sferic.runtime.pace import TOGETHER, next_size
from sferic.runtime.pe import GenericPE, knows_position
from sferic.runtime.plan import Link, Plan, RootInput, Routing, Stage
from sferic.runtime.routing import KeyTypeError, key_getter, keys_getter

_NO_POISON: frozenset[int] = frozenset()


class Host:
    """One instance of one stage.

    `open`, then `feed` (in a stage of sources `Turns` over `sources` instead), then `finish`. All on one thread; the
    outlet's `send` is called on it, too. Only the code of sources runs elsewhere: each has a thread of its own.
    """

    def __init__(
        self,
        plan: Plan,
        stage: Stage,
        rank: int,
        definition: Definition,
        *,
        outlet: Outlet,
        tell: Callable[[Event], None],
        page: Page | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plan = plan
        self.stage = stage
        self.rank = rank
        self.tell = tell
        self.page: Page = [0] * PAGE_FIELDS if page is None else page
        self._definition = definition
        self._clock = clock
        self._pes: dict[str, GenericPE] = {element.path: element.pe for element in definition.elements}
        self._pickled = {path for link in plan.links if link.codec == "trusted" for path in (link.from_pe, link.to_pe)}
        self._steps = [self._step(index) for index in range(len(stage.pes))]
        self._by_path = {step.planned.path: step for step in self._steps}
        self._wire(outlet)
        self.sources: list[Source] = self._make_sources()
        self._entries = {
            link.id: self._by_path[link.to_pe].runner(link.to_port) for link in plan.links if link.to_stage == stage.id
        }
        self._told: dict[str, Any] = {}  # the last position of each source that it was told is committed
        self._poison: dict[int, dict[int, frozenset[int]]] = {}
        self.timers = Timers([], clock)
        self._watch = StateWatch([])
        self._snapshots = Snapshots([])

    def _step(self, index: int) -> Step:
        planned = self.stage.pes[index]
        pe = self._pes[planned.path]
        pe.rank = self.rank
        pe.numprocesses = self.stage.instances
        failures = Failures(planned, self.rank, self.tell, trusted=planned.path in self._pickled)
        pe.__dict__["log"] = pe.__dict__["_log"] = self._logger(planned.path)
        return Step(index, planned, pe, failures, self.page)

    def _logger(self, path: str) -> Callable[[object], None]:
        def log(msg: object) -> None:
            self.tell({"event": "log", "level": 20, "pe": path, "rank": self.rank, "text": str(msg)})

        return log

    def _wire(self, outlet: Outlet) -> None:
        for hop in self.stage.hops:
            run = self._by_path[hop.to_pe].runner(hop.to_port)
            self._by_path[hop.from_pe].receivers[hop.from_port].append(CallReceiver(run, copies=hop.copy))
        for link in self.plan.links:
            if link.from_stage == self.stage.id:
                self._wire_link(link, outlet)

    def _wire_link(self, link: Link, outlet: Outlet) -> None:
        step = self._by_path[link.from_pe]

        def refuse(item: Any, error: BaseException) -> None:
            self.refused(link, item, error)

        receiver = LinkReceiver(
            link,
            self.plan.instances_of(link),
            outlet,
            key=self._key(link),
            keys=self._keys(link),
            refuse=refuse,
            check_keys=self.plan.check_items,
        )
        # Links go before calls: they take the items' bytes before a PE of this stage may change the items.
        step.receivers[link.from_port].insert(0, receiver)

    def _make_sources(self) -> list[Source]:
        inputs = dict(self.plan.inputs)
        after: dict[str, list[str]] = {}
        for hop in self.stage.hops:
            after.setdefault(hop.from_pe, []).append(hop.to_pe)
        return [
            self._source(step, inputs.get(step.planned.path, RootInput()), after)
            for step in self._steps
            if step.planned.source
        ]

    def _source(self, step: Step, given: RootInput, after: Mapping[str, list[str]]) -> Source:
        instances = self.stage.instances
        if given.items is not None:
            return GivenItems(step, given.items, instances=instances, page=self.page)
        together = 1 if _meets_itself(step.planned.path, after) else TOGETHER
        return RunningSource(step, given, instances=instances, together=together, page=self.page)

    def _key(self, link: Link) -> Callable[[Any], Any] | None:
        routing: Routing = link.routing
        if routing.kind != "key":
            return None
        if routing.function and routing.fields:
            from sferic.runtime.compat.keys import key_of  # noqa: PLC0415 - only workflows of dispel4py's need it

            return key_of(routing.fields)
        if routing.function:
            return self._definition.edges[link.connection].grouping
        return _naming(f"{link.to_pe}.{link.to_port}", key_getter(routing.fields))

    def _keys(self, link: Link) -> Callable[[list[Any]], list[Any]] | None:
        key = self._key(link)
        if key is None or not link.routing.function:
            return keys_getter(link.routing.fields) if key is not None else None
        return lambda items: list(map(key, items))

    def refused(self, link: Link, item: Any, error: BaseException) -> None:
        """An item that the codec of a link refuses fails, by the policy of the PE that wrote it."""
        step = self._by_path[link.from_pe]
        step.failed += 1
        step.failures.item_failed(item, error, port=link.from_port, written=True)

    def open(self, *, keeps: bool = False) -> None:
        """Run preprocess. A failure here ends the run: there is no item to blame. `keeps`: `state` will be asked
        for."""
        stateful = [step for step in self._steps if keeps and not (step.planned.source or step.planned.stateless)]
        pes = [(step.planned.path, step.pe) for step in stateful]
        self._snapshots = Snapshots(pes, by_value=self.plan.definition.pickled)
        self.page[PAGE_STATE] = WORKING  # from here on a PE can be blamed for standing still
        for step in self._steps:
            self.page[PAGE_PE] = step.index
            try:
                step.on_thread(step.pe.preprocess)
            except ENDINGS:
                raise
            except BaseException as error:
                where = f"{step.planned.path} (instance {self.rank})"
                self.tell(error_event(f"{where}: preprocess failed\n{user_traceback(error)}"))
                raise RunStopped(step.planned.path) from error
        self.timers = Timers(self._steps, self._clock)
        self._snapshots.begin()
        self._watch = StateWatch([step.pe for step in self._steps if not (step.planned.stateless or _resumes(step))])

    def set_poison(self, marks: Iterable[tuple[int, int, int]]) -> None:
        """Items, as (input, pe, step), that killed their process twice: they fail instead of being processed."""
        for number, pe, step in marks:
            steps = self._poison.setdefault(number, {})
            steps[pe] = steps.get(pe, frozenset()) | {step}

    def begin_input(self, number: int) -> None:
        """The next items belong to input `number`; steps are counted anew."""
        poison = self._poison.get(number) if self._poison else None
        for step in self._steps:
            step.begun = 0
            step.poison = poison.get(step.index, _NO_POISON) if poison else _NO_POISON
        self.page[PAGE_INPUT] = number

    def feed(self, link_id: int, items: list[Any]) -> None:
        """Run a link's items through the stage, `every` methods in between."""
        if not self.timers:
            self._entries[link_id](items)
            return
        begun, size = 0, 1
        while begun < len(items):
            began = time.monotonic()
            self._entries[link_id](items[begun : begun + size])
            begun += size
            size = next_size(size, time.monotonic() - began)
            self.timers.run_due()

    def unreadable(self, link_id: int, batch: bytes, error: BaseException) -> None:
        """A batch that the codec cannot read fails as a whole, by the policy of the PE it was for."""
        link = self.plan.links[link_id]
        step = self._by_path[link.to_pe]
        step.failed += 1
        policy = step.planned.on_failure
        text = f"{type(error).__name__}: {error}"
        self.tell(batch_failed(link.to_pe, self.rank, link.to_port, batch, policy, text))
        if policy == "stop":
            raise RunStopped(step.planned.path)

    def flush(self) -> None:
        """Send on whatever the links are gathering."""
        for step in self._steps:
            step.flush()

    def positions(self) -> dict[str, Any]:
        """Where each source stands, by path."""
        return {source.step.planned.path: source.position for source in self.sources}

    def begin_at(self, positions: Mapping[str, Any], *, resumed: bool = False) -> None:
        """Let the sources go on from `positions`; `resumed`: from those of a run before this one."""
        for source in self.sources:
            source.begin_at(positions.get(source.step.planned.path), resumed=resumed)

    def committed(self, positions: Mapping[str, Any]) -> dict[str, Any]:
        """Tell sources that all up to these positions is processed everywhere. Those in their own code have to be told
        later: their positions come back."""
        later: dict[str, Any] = {}
        for source in self.sources:
            step, path = source.step, source.step.planned.path
            position = positions.get(path)
            tell = getattr(step.pe, "committed", None)
            if tell is None or position is None or position == self._told.get(path):
                continue
            if step.busy:
                later[path] = position
            else:
                self._told[path] = position
                step.guarded(lambda tell=tell, position=position: tell(position), "committed")
        return later

    def finish(self) -> None:
        """Run postprocess in topological order; what it writes flows on."""
        for step in self._steps:
            step.guarded(step.pe.postprocess, "postprocess")

    def has_state(self) -> bool:
        """True once a stateful PE changed an attribute after preprocess."""
        return self._watch.changed

    def state(self) -> bytes:
        """What the PEs with state have become since preprocess; b"" for nothing. Of sources only positions are kept."""
        try:
            return self._snapshots.give()
        except StateError as error:
            self._end(error)

    def restore(self, state: bytes) -> None:
        """Go on with what another process's `state` gave; after `open`."""
        try:
            self._snapshots.take(state)
        except StateError as error:
            self._end(error)

    def _end(self, error: StateError) -> NoReturn:
        self.tell(error_event(f"{self.stage.id} (instance {self.rank}): {error}"))
        raise RunStopped from error

    def counts(self) -> dict[str, dict[str, int]]:
        """Counters by PE, since the last call."""
        return {step.planned.path: step.counts() for step in self._steps}


def _meets_itself(source: str, after: Mapping[str, list[str]]) -> bool:
    """Do this source's items reach a PE of the stage over several ways? Then they go one by one, so that the order in
    which they meet there is not by chance. `after`: the receivers of each PE, once a hop."""
    reached = {source}
    todo = [source]
    while todo:
        for receiver in after.get(todo.pop(), ()):
            if receiver in reached:
                return True
            reached.add(receiver)
            todo.append(receiver)
    return False


def _naming(port: str, key: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`key`, with errors that name the port."""

    def named(item: Any) -> Any:
        try:
            return key(item)
        except KeyTypeError as error:
            raise KeyTypeError(f"{port}: {error}") from None

    return named


def _resumes(step: Step) -> bool:
    """Does a source make its state again from its position?"""
    return step.planned.source and knows_position(step.pe)

"""One PE in its host: runs items through it, keeps an item's writes together, retries, counts."""

import sys
from collections.abc import Callable, Generator
from types import GeneratorType
from typing import Any, cast

from sferic.runtime.host.failures import ENDINGS, Failures, PoisonItem, short_repr
from sferic.runtime.host.outputs import ANY_NUMBER, Receiver
from sferic.runtime.host.ownership import IMMUTABLE, keeper, own
from sferic.runtime.pe import GenericPE, input_name, output_name
from sferic.runtime.plan import PlannedPE

_FLUSH_AT = 512  # written items that are passed on together
_MANY = 1_000_000  # written items of which a word is said when one item made them
_FRAMES_A_PE = 12  # Python frames that one fused PE adds to the stack, generously

# Fields of the shared page (docs/frames.md), as indexes of u64.
PAGE_INPUT, PAGE_PE, PAGE_STEP, PAGE_STATE, PAGE_HAS_STATE, PAGE_LOOSE_DONE = range(6)
IDLE, WORKING, WAITING, STARTING, HANDING = range(5)
PAGE_FIELDS = 6
PAGE_LINES, PAGE_LEVELS = 6, 7  # of a child's page only

Page = memoryview | list[int]


class UnknownPortError(KeyError):
    """A write to a port that the PE has not declared."""

    def __str__(self) -> str:
        return str(self.args[0])


class WrongReturnError(TypeError):
    """`process` returned something that names no output port."""


class Step:
    """One PE of a stage.

    What `process` writes for one item is passed on only when it has returned: a failed attempt leaves nothing.
    """

    def __init__(self, index: int, planned: PlannedPE, pe: GenericPE, failures: Failures, page: Page) -> None:
        self.index = index
        self.planned = planned
        self.pe = pe
        self.failures = failures
        self.receivers: dict[str, list[Receiver]] = {port: [] for port in planned.outputs}
        self.busy = False  # is it a source in its own code, on its own thread?
        self.on_thread: Callable[[Callable[[], Any]], Any] = _at_once  # how its hooks are called
        self.begun = 0  # items begun for the current input, the page's step
        self.items_in = self.items_out = self.failed = self.retried = 0
        self.poison: frozenset[int] = frozenset()  # steps of the current input that killed a host
        self._page = page
        self._warned = False
        self._pending: dict[str, list[Any]] = {port: [] for port in planned.outputs}
        self._out = output_name(pe)
        self._bare_input = input_name(pe)
        self._single = self._pending.get(self._out) if self._out and len(self._pending) == 1 else None
        self._keep = keeper(self._single.append) if self._single is not None else None
        self._keeps = self.planned.retries > 0 or self.planned.on_failure == "dead-letter"
        self.install_write()

    def install_write(self) -> None:
        """Give the PE a `write` that gathers."""
        appends = {port: items.append for port, items in self._pending.items()}
        immutable = IMMUTABLE

        def write(name: str, data: Any) -> None:
            try:
                append = appends[name]
            except KeyError:
                raise self.unknown_port(name) from None
            kind = type(data)  # pyright: ignore[reportUnknownVariableType] - users' items; a cast is a call for each
            if kind in immutable:
                append(data)
            elif kind is tuple:  # what `own` does, without the call: most items are small tuples of plain values
                for part in data:
                    if type(part) not in immutable:
                        append(own(data))
                        return
                append(data)
            else:
                append(own(data))

        self.pe.__dict__["write"] = self.pe.__dict__["_write"] = write

    def unknown_port(self, name: str) -> UnknownPortError:
        """The error for a write to `name`."""
        known = ", ".join(map(repr, self.planned.outputs)) or "none"
        return UnknownPortError(f"{self.planned.path} has no output port {name!r}; it has {known}")

    def call_for(self, port: str | None) -> Callable[[Any], Any]:
        """How an item of an input port is handed to the PE; None: the items are ``{port: item}`` already."""
        process = self.pe.process
        bare = self._bare_input
        plain = self.pe._process  # pyright: ignore[reportPrivateUsage] - users override it, hosts call it
        if port is None:
            # Such a `process` would put what `_process` returns on its port, where bare items are expected.
            return (lambda given: plain(given[bare])) if bare is not None and self.pe.returns_ports else process
        if port == bare:
            return plain
        return lambda item: process({port: item})

    def runner(self, port: str | None) -> Callable[[list[Any]], None]:
        """A function that runs a list of items of one port through the PE."""
        call = self.call_for(port)

        def run(items: list[Any]) -> None:
            self.run(call, items, port)

        return run

    def run(self, call: Callable[[Any], Any], items: list[Any], port: str | None) -> None:
        """Run items through the PE, passing on what it writes as it gathers."""
        page = self._page
        page[PAGE_PE] = self.index
        single, keep, poison = self._single, self._keep, self.poison
        # A failed attempt may have changed its item; what is tried again, or kept, is the item that came.
        kept = [own(item) for item in items] if self._keeps else items
        before = 0
        marks: dict[str, int] = {}
        first = self.begun + 1
        self.begun += len(items)
        for step, item in enumerate(items, first):
            page[PAGE_STEP] = step
            try:
                if poison and step in poison:
                    raise PoisonItem("its process died on it twice")
                result = call(item)
                if result is None:
                    pass
                elif keep is not None and type(result) is not GeneratorType:
                    keep(result)
                else:
                    self.returned(result)
            except ENDINGS:
                raise
            except BaseException as error:  # noqa: BLE001 - an item fails by whatever its PE raises
                self._drop_after(before, marks)
                self._failed(call, kept[step - first], error, port)
            if single is not None:
                before = len(single)
                if before >= _FLUSH_AT:
                    self._pass_on_many(before, item)
                    before = 0
            elif self._pending:
                marks = {port: len(gathered) for port, gathered in self._pending.items()}
                if (count := sum(marks.values())) >= _FLUSH_AT:
                    self._pass_on_many(count, item)
                    marks = {}
        self.items_in += len(items)
        self.pass_on()

    def _pass_on_many(self, count: int, last: Any) -> None:
        if count >= _MANY and not self._warned:
            self._warned = True
            self.failures.warn(
                f"wrote about {count:,} items for one, {short_repr(last)}. They are held in memory until it is "
                "through, as a failed attempt leaves nothing: write them in a source, or give this PE smaller items"
            )
        self.pass_on()
        self._page[PAGE_PE] = self.index

    def _drop_after(self, before: int, marks: dict[str, int]) -> None:
        for port, gathered in self._pending.items():
            del gathered[before if self._single is not None else marks.get(port, 0) :]

    def returned(self, result: Any) -> None:
        """Write what `process` returned."""
        write, out = self.pe.write, self._out
        if isinstance(result, GeneratorType):
            parts = cast(Generator[Any, None, None], result)
            try:
                if out is not None:
                    for item in parts:
                        write(out, item)
                else:
                    for part in parts:
                        self._write_ports(part)
            except BaseException:
                parts.close()  # what its `finally` blocks write belongs to this attempt
                raise
        elif out is not None:
            write(out, result)
        else:
            self._write_ports(result)

    def _write_ports(self, part: Any) -> None:
        if not isinstance(part, dict):
            raise WrongReturnError(
                f"{self.planned.path} returned {type(part).__name__}; it must return a dict of "
                "{output port: item}, None, or write() its items"
            )
        for port, item in cast(dict[str, Any], part).items():
            self.pe.write(port, item)

    def _failed(self, call: Callable[[Any], Any], item: Any, error: BaseException, port: str | None) -> None:
        attempts = PoisonItem.DEATHS if isinstance(error, PoisonItem) else 1
        while attempts <= self.planned.retries and not isinstance(error, PoisonItem):
            attempts += 1
            self.retried += 1
            marks = {port: len(gathered) for port, gathered in self._pending.items()}
            try:
                result = call(own(item))
                if result is not None:
                    self.returned(result)
            except ENDINGS:
                raise
            except BaseException as again:  # noqa: BLE001 - as at the first attempt
                error = again
                for name, gathered in self._pending.items():
                    del gathered[marks[name] :]
            else:
                return
        self.failed += 1
        self.failures.item_failed(item, error, attempts, port=port)

    def guarded(self, hook: Callable[[], Any], what: str) -> None:
        """Call a hook that has no item (postprocess, an `every` method); what it wrote is passed on."""
        self._page[PAGE_PE] = self.index
        try:
            self.on_thread(lambda: self._call(hook))
        except ENDINGS:
            raise
        except BaseException as error:  # noqa: BLE001 - as of an item
            for gathered in self._pending.values():
                gathered.clear()
            self.failed += 1
            self.failures.item_failed(what, error)
        self.pass_on()

    def _call(self, hook: Callable[[], Any]) -> None:
        result = hook()
        if result is not None:
            self.returned(result)

    def pass_on(self) -> None:
        """Hand what is gathered to the receivers."""
        for port, gathered in self._pending.items():
            if gathered:
                items = gathered[:]
                gathered.clear()
                self.items_out += len(items)
                self.deliver(port, items)

    def deliver(self, port: str, items: list[Any]) -> None:
        """Give every receiver of a port its own list."""
        receivers = self.receivers[port]
        for receiver in receivers[:-1]:
            receiver.take(items[:])
        if receivers:
            receivers[-1].take(items)

    def room(self) -> int:
        """How many items the receivers had better get together: as a link's batch holds, any number for PEs."""
        return min((one.room for some in self.receivers.values() for one in some), default=ANY_NUMBER)

    def flush(self) -> None:
        """Send on what links are gathering."""
        for receivers in self.receivers.values():
            for receiver in receivers:
                receiver.flush()

    def counts(self) -> dict[str, int]:
        """What happened since the last call."""
        counts = {"in": self.items_in, "out": self.items_out, "failed": self.failed, "retried": self.retried}
        self.items_in = self.items_out = self.failed = self.retried = 0
        return counts


def _at_once(function: Callable[[], Any]) -> Any:
    return function()


def allow_calls(pes: int) -> None:
    """Make room on Python's stack for so many PEs that call each other."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 1000 + _FRAMES_A_PE * pes))

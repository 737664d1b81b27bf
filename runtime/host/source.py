"""Sources: each runs on a thread of its own and hands over what it wrote; the host's thread passes it on."""

import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from types import GeneratorType
from typing import Any, Protocol, cast

from sferic.runtime.host.failures import ENDINGS, SourceStopped
from sferic.runtime.host.fiber import Fiber, pe_of_thread
from sferic.runtime.host.ownership import IMMUTABLE, own
from sferic.runtime.host.step import PAGE_PE, PAGE_STATE, PAGE_STEP, WAITING, WORKING, Page, Step
from sferic.runtime.pe import ProducerPE, knows_position
from sferic.runtime.plan import RootInput

_LEAVE = 0.5  # seconds that the thread of a source has for its `finally` blocks when a run breaks off


class Source(Protocol):
    """One root of a stage, as `Turns` drives it. All of it is called on the host's thread."""

    step: Step
    parked: bool  # it waits to be resumed; else it is in its own code
    ended: bool
    until: float  # it has nothing to do before this time of the monotonic clock
    position: Any  # after all that was passed on; None at first
    knows_position: bool

    def open(self, came_back: Callable[["Source"], None]) -> None:
        """Make ready; `came_back` is to be called, on any thread, when the source waits to be resumed."""
        ...

    def resume(self, most: int) -> None:
        """Let it go on until it has `most` items."""
        ...

    def hasten(self) -> None:
        """It is in its own code: it comes back with its next item."""
        ...

    def take(self, wrote: Callable[[], None]) -> int:
        """Pass on what it has written, `wrote` told after each part; how many items these were."""
        ...

    def begin_at(self, position: Any, *, resumed: bool = False) -> None:
        """Go on from `position`, `resumed` where that is of a run before this one. Before the first `resume`."""
        ...

    def came_back(self) -> None:
        """It waits to be resumed."""
        ...

    def stop(self) -> None:
        """It is to end."""
        ...

    def abandon(self) -> None:
        """It was told to end and does not come back: do without it."""
        ...

    def close(self) -> None:
        """The run is over: leave nothing running."""
        ...


class RunningSource:
    """A source PE: its calls, its generators or its `read`, on a thread of its own.

    That thread only gathers; what it wrote is passed on by the host's, so that the PEs behind it stay on one thread
    and nothing waits longer because a source sleeps. The source's hooks run on its own thread, too.
    """

    def __init__(self, step: Step, given: RootInput, *, instances: int, together: int, page: Page) -> None:
        self.step = step
        self.parked = True
        self.ended = False
        self.until = 0.0
        self.knows_position = knows_position(step.pe)
        self.position: Any = None
        self._reached: Any = None  # after all that was gathered
        self._after: Any = None  # after the item that is being written
        self._given = given
        self._instances = instances
        self._together = together  # the most items that are passed on at once
        self._page = page
        self._most = 1
        self._gathered: dict[str, list[Any]] = {port: [] for port in step.receivers}
        self._failure: BaseException | None = None
        self._written = 0
        self._stopping = False
        self._unproven = False  # is its position from elsewhere, and has it given nothing yet?

    def open(self, came_back: Callable[[Source], None]) -> None:
        self._fiber = Fiber((self.step.planned.path, self.step.pe.rank), self._run, lambda: came_back(self))
        self._fiber.start()
        self.step.on_thread = self._fiber.aside

    def begin_at(self, position: Any, *, resumed: bool = False) -> None:
        self.position = self._reached = self._after = position
        self._unproven = resumed and position is not None

    def resume(self, most: int) -> None:
        self._most = most
        self.parked, self.step.busy = False, True
        self._page[PAGE_PE] = self.step.index
        self._page[PAGE_STATE] = WORKING
        self._fiber.resume()

    def hasten(self) -> None:
        self._most = 1

    def came_back(self) -> None:
        self.parked, self.step.busy = True, False
        self.ended = self._fiber.ended
        if self._fiber.crash is not None:
            raise self._fiber.crash

    def take(self, wrote: Callable[[], None]) -> int:
        reached = self._reached  # before the items: one that is written meanwhile is beyond it
        taken = 0
        for port, gathered in self._gathered.items():
            items = gathered[:]
            del gathered[: len(items)]  # what comes meanwhile stays
            taken += len(items)
            while items:
                room = min(self._together, self.step.room())
                self._pass_on(port, items[:room])
                items = items[room:]
                if items:
                    wrote()
        self.position = reached
        if taken:
            wrote()
        failure, self._failure = self._failure, None
        if failure is not None:
            if self._unproven:
                self.step.failures.cannot_resume(self.position, failure)
            self.step.failed += 1
            self.step.failures.item_failed("a call of the source", failure)
        return taken

    def _pass_on(self, port: str, items: list[Any]) -> None:
        self._page[PAGE_STATE] = WORKING
        self.step.items_out += len(items)
        self.step.deliver(port, items)
        # PEs of this stage took them and told the page so; now it is the source's turn again.
        self._page[PAGE_PE] = self.step.index
        self._written += len(items)
        self._page[PAGE_STEP] = self._written

    def stop(self) -> None:
        self._stopping = True
        self.until = 0.0

    def abandon(self) -> None:
        self.ended = True
        self.step.on_thread = _here
        self.step.busy = False
        self.step.install_write()
        gathers = self.step.pe.__dict__["write"]

        def write(name: str, data: Any) -> None:
            if pe_of_thread() is not None:
                raise SourceStopped  # the source's own thread came back after all
            gathers(name, data)

        self.step.pe.__dict__["write"] = self.step.pe.__dict__["_write"] = write

    def close(self) -> None:
        self._stopping = True
        self.step.on_thread = _here
        self._fiber.leave(_LEAVE if self.parked else None)

    # From here on: the source's own thread.

    def _run(self) -> None:
        if isinstance(self.step.pe, ProducerPE):
            self.step.pe.__dict__["wait"] = self._wait
        try:
            if self.knows_position:
                self._stream(self._read)
            else:
                for _ in _dealt(self._given.calls, self.step, self._instances):
                    self._stream(lambda: self.step.pe.process({}))
        except SourceStopped:
            pass  # asked to end: its postprocess comes next, as at any end

    def _read(self) -> None:
        source = cast(ProducerPE, self.step.pe)
        first = True
        for item, after in source.read(self.position):
            if first:
                first = False
                _check_position(after)
            self._after = after
            self._unproven = False
            source.write(source.OUTPUT_NAME, item)
            self._reached = after

    def _wait(self, seconds: float) -> None:
        """Let others have their turn meanwhile, and be seen to stop."""
        if self._fiber.aside_now:
            time.sleep(seconds)
            return
        self.until = time.monotonic() + seconds
        self._hand_over()

    def _hand_over(self) -> None:
        if self._fiber.aside_now:
            return  # a hook's items are taken when it is through
        if not self._stopping:
            self._fiber.park()
        if self._stopping:
            raise SourceStopped

    def _stream(self, body: Callable[[], Any]) -> None:
        """Run the user's code with a `write` that gathers, and pull it if it is a generator."""
        step = self.step
        step.pe.__dict__["write"] = step.pe.__dict__["_write"] = self._gathering_write()
        step.items_in += 1
        try:
            result = body()
            if isinstance(result, GeneratorType):
                for item in cast(Iterator[Any], result):
                    step.returned(item)
            elif result is not None:
                step.returned(result)
        except ENDINGS:
            raise
        except BaseException as error:  # a call fails by whatever the source raises
            if isinstance(error, BaseExceptionGroup):
                group = cast(BaseExceptionGroup[BaseException], error)
                if group.subgroup(SourceStopped) is not None:
                    raise SourceStopped from error  # it wrote in a task of a group
            self._failure = error
            self._hand_over()
        finally:
            step.install_write()

    def _gathering_write(self) -> Callable[[str, Any], None]:
        step, gathered = self.step, self._gathered
        owner = threading.get_ident()

        def write(name: str, data: Any) -> None:
            try:
                items = gathered[name]
            except KeyError:
                raise step.unknown_port(name) from None
            kind = type(data)  # pyright: ignore[reportUnknownVariableType] - users' items; a cast is a call for each
            if kind is tuple:  # as in `own`, without its call
                for part in data:
                    if type(part) not in IMMUTABLE:
                        data = own(data)
                        break
            elif kind not in IMMUTABLE:
                data = own(data)
            items.append(data)
            if len(items) >= self._most:
                if threading.get_ident() != owner:
                    raise RuntimeError(f"{step.planned.path} wrote from another thread than the one it was called on")
                self._reached = self._after
                self._hand_over()

        return write


class GivenItems:
    """A root whose items a run was given: an ordinary PE, on the host's thread.

    Positions are ``[index of the last item, checksum of all]``: a run that is given others begins with the first.
    """

    def __init__(self, step: Step, items: tuple[Any, ...], *, instances: int, page: Page) -> None:
        self.step = step
        self.parked = True
        self.ended = False
        self.until = 0.0
        self.knows_position = True
        self.position: Any = None
        self._page = page
        self._items = items
        self._sum = zlib.crc32(json.dumps(items, default=repr).encode())  # in one process they may be anything
        self._last = -1  # index of the item that was passed on last
        self._left: Iterator[int] = iter(_dealt(len(items), step, instances))
        self._ran = 0

    def open(self, came_back: Callable[[Source], None]) -> None:
        self._came_back = came_back
        self._run = self.step.runner(None)

    def begin_at(self, position: Any, *, resumed: bool = False) -> None:
        del resumed
        if position and position[1] == self._sum:
            self.position = position
            self._last = position[0]

    def resume(self, most: int) -> None:
        del most  # one at a time: it may take long
        self.parked = False
        for index in self._left:
            if index > self._last:
                self._page[PAGE_STATE] = WORKING
                self._run([self._items[index]])
                self._last = index
                self.position = [index, self._sum]
                self._ran += 1
                break
        else:
            self.ended = True
        self._came_back(self)

    def take(self, wrote: Callable[[], None]) -> int:
        taken, self._ran = self._ran, 0
        if taken:
            wrote()
        return taken

    def came_back(self) -> None:
        self.parked = True

    def stop(self) -> None:
        self._left = iter(())

    def hasten(self) -> None:
        """It never is in its own code while others look."""

    def abandon(self) -> None:
        """It always comes back."""

    def close(self) -> None:
        """It has nothing of its own."""


def _check_position(position: Any) -> None:
    """Positions travel as JSON: one that comes back as something else would send its source to another place."""
    try:
        same = json.loads(json.dumps(position)) == position
    except (TypeError, ValueError):
        same = False
    if not same:
        raise TypeError(
            f"a position must be what JSON keeps (numbers, text, lists, dicts with keys of text), not {position!r}"
        )


def _here(function: Callable[[], Any]) -> Any:
    return function()


def _dealt(count: int, step: Step, instances: int) -> range:
    """Which of `count` calls or items fall to this instance: dealt in turn, all where the source splits."""
    return range(count) if step.planned.splits else range(step.pe.rank, count, instances)


def show_waiting(sources: list[Source], page: Page) -> None:
    """Tell the page whom of a stage's sources its host waits for: for none while all of them wait for a time."""
    busy = [source for source in sources if not (source.ended or source.parked)]
    page[PAGE_STATE] = WORKING if busy else WAITING
    if busy:
        page[PAGE_PE] = busy[0].step.index

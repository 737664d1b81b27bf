"""Code on a thread of its own that goes on only when it is told to."""

import contextvars
import threading
from collections.abc import Callable
from typing import Any


class _Thread(threading.Thread):
    """A source's thread: `pe` tells its path and rank to whom it may concern."""

    def __init__(self, pe: tuple[str, int], target: Callable[[], None]) -> None:
        super().__init__(target=target, name=f"sferic-{pe[0]}-{pe[1]}", daemon=True)
        self.pe = pe


def pe_of_thread() -> tuple[str, int] | None:
    """(path, rank) of the source whose own thread this is; None on any other."""
    thread = threading.current_thread()
    return thread.pe if isinstance(thread, _Thread) else None


class Fiber:
    """One thread that runs `body`, from `resume` to its next `park`, while its driver waits or does other things.

    While it is parked (before, inside and after `body`) the driver may run functions on it by `aside`: all that
    belongs to one thread, as a database connection does, then stays on one.
    """

    def __init__(self, pe: tuple[str, int], body: Callable[[], None], came_back: Callable[[], None]) -> None:
        self._body = body
        self._came_back = came_back  # called on the fiber's thread
        self._go, self._done = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._done.acquire()
        self._hook: Callable[[], Any] | None = None
        self._result: Any = None
        self._error: BaseException | None = None
        self._leaving = False
        self.aside_now = False  # is it running a function of the driver's?
        self.ended = False  # is `body` over?
        self.crash: BaseException | None = None  # what `body` raised
        context = contextvars.copy_context()  # decimal's precision and the like are those of the driver
        self._thread = _Thread(pe, lambda: context.run(self._main))

    def start(self) -> None:
        """Let the thread begin; it parks before `body`."""
        self._thread.start()

    def resume(self) -> None:
        """Let it go on. Driver only, while it is parked."""
        self._go.release()

    def park(self) -> None:
        """Wait until resumed. Fiber only."""
        self._came_back()
        self._wait()

    def aside(self, function: Callable[[], Any]) -> Any:
        """Run `function` on the fiber's thread; what it returns or raises. Driver only, while it is parked."""
        self._hook = function
        self._go.release()
        self._done.acquire()
        error, self._error = self._error, None
        result, self._result = self._result, None
        if error is not None:
            raise error
        return result

    def leave(self, patience: float | None) -> None:
        """End the thread once `body` is over; where it is parked resume it, and wait so many seconds for it."""
        self._leaving = True
        if patience is not None:
            self._go.release()
            self._thread.join(patience)

    def _main(self) -> None:
        self._wait()
        try:
            if not self._leaving:
                self._body()
        except BaseException as error:  # noqa: BLE001 - the driver gets it
            self.crash = error
        self.ended = True
        if not self._leaving:
            self.park()

    def _wait(self) -> None:
        self._go.acquire()
        while self._hook is not None:
            hook, self._hook = self._hook, None
            self.aside_now = True
            try:
                self._result = hook()
            except BaseException as error:  # noqa: BLE001 - whatever it is, the driver gets it
                self._error = error
            self.aside_now = False
            self._done.release()
            self._go.acquire()

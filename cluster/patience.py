"""Who is in the middle of something waits for a Nimbus that has gone away."""

import contextlib
import math
import time
from collections.abc import Callable
from typing import TypeVar

from sferic.cluster.nimbus import Nimbus, NimbusAway, NimbusError, NimbusFault

_AGAIN = 1.0  # seconds until it is asked again
_SETTLE = 60.0  # seconds after its return in which it may refuse what only a leader does

_Result = TypeVar("_Result")


class Patience:
    """`patience(work)`: what `work()` gives, however often Nimbus goes away meanwhile; `tell` hears of it.

    `work` is done anew from its beginning. From `until` on, by time.monotonic(), NimbusAway is raised.
    """

    def __init__(self, nimbus: Nimbus, tell: Callable[[str], None], until: float = math.inf) -> None:
        self._nimbus = nimbus
        self._tell = tell
        self._until = until
        self._settled = -math.inf
        self._away = False

    def __call__(self, work: Callable[[], _Result]) -> _Result:
        while True:
            try:
                result = work()
            except NimbusAway as error:
                self._settled = time.monotonic() + _SETTLE
                self._wait(error)
            except NimbusFault as error:
                if time.monotonic() > self._settled:
                    raise
                self._wait(error)
            else:
                if self._away:
                    self._tell("Nimbus is back")
                    self._away = False
                return result

    def _wait(self, error: NimbusError) -> None:
        if time.monotonic() > self._until:
            raise error
        if not self._away:
            self._tell(f"Nimbus at {self._nimbus.address} is away; waiting for it")
            self._away = True
        time.sleep(_AGAIN)
        with contextlib.suppress(NimbusAway):  # the next call says so, too
            self._nimbus.reconnect()

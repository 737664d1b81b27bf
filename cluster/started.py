"""Has a topology started? Its instances say so when their processes are ready."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sferic.cluster.nimbus import Nimbus
from sferic.cluster.topologies import Found, about


@dataclass(frozen=True, slots=True)
class Started:
    """How many instances have a process that is ready, of how many."""

    ready: int
    instances: int

    @property
    def all(self) -> bool:
        """Does it run as a whole?"""
        return self.ready >= self.instances

    def __str__(self) -> str:
        return f"{self.ready} of {self.instances} instances are ready"


def started(nimbus: Nimbus, found: Found) -> Started:
    """Look how many are ready, of a topology whose workers have not been replaced."""
    return _started(nimbus, found, (nimbus.read_blob(key) or b"{}" for key in found.parts("counts.")))


class Replaced:
    """Looks how many are ready of a topology whose workers are being replaced.

    Those that are gone have left what they said. A worker that lives says something new every five seconds; one that
    is being ended may still do so once.
    """

    def __init__(self, nimbus: Nimbus, found: Found) -> None:
        self._nimbus = nimbus
        self._said = {key: nimbus.read_blob(key) for key in found.parts("counts.")}
        self._times: Counter[str] = Counter()
        self._before = frozenset(self._said)

    def look(self, found: Found) -> Started:
        """`found`: as it is now."""
        for key in found.parts("counts."):
            now = self._nimbus.read_blob(key)
            if now != self._said.get(key):
                self._said[key] = now
                self._times[key] += 1
        alive = [key for key, times in self._times.items() if times > 1 or key not in self._before]
        return _started(self._nimbus, found, (self._said[key] or b"{}" for key in alive))


def _started(nimbus: Nimbus, found: Found, told: Iterable[bytes]) -> Started:
    ready: Counter[str] = Counter()
    for counts in told:
        for pe, numbers in json.loads(counts).items():
            ready[pe] += numbers.get("ready", 0)
    stages = about(nimbus, found).get("stages", [])
    return Started(
        sum(min(instances, ready[pes[0]]) for _, instances, pes in stages),
        sum(instances for _, instances, _ in stages),
    )

"""Has a topology started? Its instances say so when their processes are ready."""

import json
from collections import Counter
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
    ready: Counter[str] = Counter()
    for key in found.parts("counts."):
        for pe, counts in json.loads(nimbus.read_blob(key) or b"{}").items():
            ready[pe] += counts.get("ready", 0)
    stages = about(nimbus, found).get("stages", [])
    return Started(
        sum(min(instances, ready[pes[0]]) for _, instances, pes in stages),
        sum(instances for _, instances, _ in stages),
    )

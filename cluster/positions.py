"""Where the sources of topologies are: blobs `sferic-positions.NAME.ID.RANK.PE`, which a topology's workers write."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sferic.cluster.nimbus import Nimbus, NimbusError
from sferic.runtime.plan import Plan

_ROOT = "sferic-positions."
_ID = re.compile(r".*-(\d+)-(\d+)")  # as Nimbus makes it: the name, a number, seconds
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Position:
    """Where one instance of a source is."""

    path: str
    rank: int
    instances: int
    position: Any

    def __str__(self) -> str:
        said = json.dumps(self.position)
        return f"{self.path} (instance {self.rank}) at {said if len(said) <= _SHOWN else said[:_SHOWN] + '…'}"


def positions(nimbus: Nimbus, name: str) -> list[Position]:
    """What is kept under a topology's name, of each source the newest."""
    found: dict[tuple[str, int], Position] = {}
    for key in sorted(_keys(nimbus, name), key=_age):
        said = json.loads(nimbus.read_blob(key) or b"{}")
        if said.get("position") is not None:
            found[said["path"], said["rank"]] = Position(
                said["path"], said["rank"], said["instances"], said["position"]
            )
    return [found[at] for at in sorted(found)]


def drop_positions(nimbus: Nimbus, name: str, last: str = "") -> int:
    """Topologies of this name begin anew. `last`: only what that one wrote, by its id, and those before it. Returns how
    many there were."""
    keys = [key for key in _keys(nimbus, name) if not last or _age(key) <= _age(f"{_ROOT}{name}.{last}")]
    for key in keys:
        nimbus.delete_blob(key)
    return len(keys)


def check_positions(plan: Plan, name: str, kept: Iterable[Position]) -> None:
    """Refuse those that the sources of `plan` could not go on from. Raises NimbusError."""
    instances = {pe.path: stage.instances for stage in plan.stages for pe in stage.pes}
    for one in kept:
        now = instances.get(one.path, one.instances)
        if now != one.instances:
            raise NimbusError(
                f"{one.path} has {now} instances, and under the name {name} positions of {one.instances} are kept: "
                f"they do not say which of {now} has read what. Give it {one.instances} again, or begin anew: "
                "sferic submit --fresh"
            )


def resumes(plan: Plan, name: str, kept: Iterable[Position]) -> Iterator[str]:
    """What somebody who submits `plan` has to know of where it goes on."""
    mine = {pe.path for stage in plan.stages for pe in stage.pes}
    going_on = [one for one in kept if one.path in mine]
    if not going_on:
        return
    yield f"It goes on where the last {name} was: {'; '.join(map(str, going_on))}. To begin anew: --fresh"
    stateful = [pe.path for stage in plan.stages for pe in stage.pes if not pe.source and not pe.stateless]
    if stateful:
        yield f"What {', '.join(stateful)} held of the items before that is gone"


def _keys(nimbus: Nimbus, name: str) -> list[str]:
    return [key for key in nimbus.blobs() if key.startswith(f"{_ROOT}{name}.")]


def _age(key: str) -> tuple[int, int]:
    found = _ID.fullmatch(key.split(".")[2])
    return (int(found[2]), int(found[1])) if found else (0, 0)

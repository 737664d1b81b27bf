"""Changes to a topology that stays: paused, gone on, spread over other workers."""

import time
from collections.abc import Callable
from typing import Any

from sferic.cluster.nimbus import Nimbus, NimbusError, NoSuchTopology
from sferic.cluster.started import Replaced
from sferic.cluster.topologies import Found, about, again, resting

_LOOK = 0.5
_SETTLE = 60.0  # seconds that Nimbus may take for a change, beyond those that were asked for

Tell = Callable[[str], None]


def pause(nimbus: Nimbus, found: Found) -> None:
    """Its sources read nothing more; what is in flight is processed. Raises NimbusError."""
    _ours(nimbus, found)
    nimbus.call("deactivate", found.name)
    _until(nimbus, found, "paused")


def rest(nimbus: Nimbus, found: Found) -> None:
    """Pause what began with REST and runs: from now on Storm says when its sources rest, also to new workers."""
    pause(nimbus, found)
    nimbus.put_blob(f"sferic.{found.id}.orders", b"rested")
    nimbus.delete_blob(resting(found.id))


def resume(nimbus: Nimbus, found: Found) -> None:
    """Its sources read on. Raises NimbusError."""
    _ours(nimbus, found)
    if resting(found.id) in found.blobs:  # an update broke off before `rest`
        nimbus.put_blob(f"sferic.{found.id}.orders", b"go")
        nimbus.delete_blob(resting(found.id))
    nimbus.call("activate", found.name)
    _until(nimbus, found, "active")


def _ours(nimbus: Nimbus, found: Found) -> dict[str, Any]:
    if found.status == "gone":
        raise NoSuchTopology(f"{found.name} on {nimbus.address} has gone already")
    said = about(nimbus, found)
    if found.status not in ("active", "paused"):
        raise NimbusError(f"{found.name} on {nimbus.address} is {found.status} now. Wait, and see: sferic list")
    return said


def _until(nimbus: Nimbus, found: Found, *wanted: str, limit: float = _SETTLE) -> Found:
    until = time.monotonic() + limit
    while (now := again(nimbus, found)).status not in wanted:
        if now.status == "gone":
            raise NoSuchTopology(f"somebody has killed {found.name} on {nimbus.address} meanwhile")
        if time.monotonic() > until:
            raise NimbusError(
                f"{found.name} on {nimbus.address} is still {now.status} after {limit:.0f} s, and should be "
                f"{' or '.join(wanted)}. Nimbus' log says why; see also: sferic status {found.name}"
            )
        time.sleep(_LOOK)
    return now


def check_state(said: dict[str, Any], name: str, doing: str, *, lose_state: bool) -> None:
    """NimbusError where `doing` would lose what instances hold, and nobody has agreed. `said`: sferic.about."""
    if lose_state:
        return
    if "stateful" not in said:
        raise NimbusError(f"{name} does not say whether its PEs have state: `{doing}` may lose it. {_AGREE}")
    if said["stateful"]:
        raise NimbusError(
            f"`{doing}` gives each PE of {name} new instances, and these would begin without the state of: "
            f"{', '.join(said['stateful'])}. {_AGREE}"
        )


_AGREE = (
    "To do it all the same: --lose-state. (A PE without state says so with `stateless = True`; a source that knows its "
    "position, by `read`, goes on where it was)"
)


def rebalance(
    nimbus: Nimbus, found: Found, tell: Tell, *, workers: int | None, wait: int, lose_state: bool
) -> tuple[int, list[str]]:
    """Spread it anew, over so many workers (None: as many as before). Returns how many were asked for, and where they
    are. Raises NimbusError."""
    said = _ours(nimbus, found)
    check_state(said, found.name, "rebalance", lose_state=lose_state)
    before = found.status
    wanted = workers or len(places(nimbus, found))
    options = nimbus.types.RebalanceOptions(wait_secs=wait, num_workers=workers)
    nimbus.call("rebalance", found.name, options)
    if wait:
        tell(f"its sources rest for {wait} s, so that what is in flight is processed")
    found = _until(nimbus, found, "active", "paused", limit=wait + _SETTLE)
    if before == "active":
        tell("its instances start on their new workers")
        _running(nimbus, found)
    return wanted, places(nimbus, found)


def places(nimbus: Nimbus, found: Found) -> list[str]:
    """HOST:PORT of its workers."""
    info = nimbus.call("getTopologyInfo", found.id)
    return sorted({f"{executor.host}:{executor.port}" for executor in info.executors})


def _running(nimbus: Nimbus, found: Found) -> None:
    """Every instance has a process that is ready, in the workers that are there now."""
    until = time.monotonic() + _SETTLE
    replaced = Replaced(nimbus, found)
    while not (now := replaced.look(again(nimbus, found))).all:
        if time.monotonic() > until:
            raise NimbusError(
                f"{found.name} on {nimbus.address} does not run as a whole after {_SETTLE:.0f} s: {now}. Are there "
                f"workers free? See: sferic status {found.name}"
            )
        time.sleep(_LOOK)

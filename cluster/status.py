"""How a topology is, and what its workers say."""

from collections.abc import Iterator
from typing import Any

from sferic.cluster.counts import rows
from sferic.cluster.nimbus import Nimbus
from sferic.cluster.topologies import Found, about, find, state

_ERRORS = 10  # the last ones that are shown


def look(nimbus: Nimbus, name: str) -> dict[str, Any]:
    """Everything that is known of a topology, as JSON has it."""
    found = find(nimbus, name)
    said = about(nimbus, found)
    now = state(nimbus, found)
    result: dict[str, Any] = {
        "name": found.name,
        "id": found.id,
        "status": "failed" if now.failed else "finished" if now.finished else found.status,
        "version": said.get("version"),
        "plan": said.get("plan"),
        "sources": {"ended": now.ended, "all": now.sources},
        "failed": now.failed,
        "results": len(found.parts("results.")),
        "dead_letters": len(found.parts("letters.")),
        "pes": rows(nimbus.read_blob(key) or b"" for key in found.parts("counts.")),
    }
    return result if found.status == "gone" else {**result, **_running(nimbus, found)}


def _running(nimbus: Nimbus, found: Found) -> dict[str, Any]:
    info = nimbus.call("getTopologyInfo", found.id)
    errors = [
        {"stage": stage, "time": error.error_time_secs, "text": error.error}
        for stage, told in info.errors.items()
        for error in told
    ]
    errors.sort(key=lambda error: error["time"])
    workers = sorted({f"{executor.host}:{executor.port}" for executor in info.executors})
    return {"uptime": info.uptime_secs, "workers": workers, "errors": errors[-_ERRORS:]}


def status_lines(said: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    uptime = f", up {said['uptime']} s" if "uptime" in said else ""
    yield f"{said['name']}: {said['status']}{uptime}, {said['id']}"
    if said["version"]:
        yield f"  compiled by sferic {said['version']}, plan {said['plan'][:12]}"
    if "workers" in said:
        yield f"  workers: {', '.join(said['workers']) or 'none yet'}"
    yield f"  sources: {said['sources']['ended']} of {said['sources']['all']} have ended and are drained"
    for pe, counts in said["pes"].items():
        told = [f"{counts.get('in', 0):,} in", f"{counts.get('out', 0):,} out"]
        told += [f"{counts[name]:,} {name}" for name in ("failed", "retried", "restarts", "lost") if counts.get(name)]
        yield f"  {pe}: {', '.join(told)}"
    for kind, option in (("results", ""), ("dead_letters", " --dead-letters FILE")):
        if said[kind]:
            chunks = f"{said[kind]} chunk{'s' * (said[kind] != 1)}"
            yield f"  {kind.replace('_', ' ')} to fetch: {chunks}. sferic results {said['name']}{option}"
    if said["failed"]:
        yield f"  it cannot go on: {said['failed']}"
    for error in said.get("errors", ()):
        yield f"  error in {error['stage']}: {error['text'].strip().splitlines()[0]}"

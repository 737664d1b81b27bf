"""How a topology is."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sferic.cluster.lasting import lasting, lasting_lines
from sferic.cluster.nimbus import Nimbus
from sferic.cluster.topologies import Found, about, find, state

_ERRORS = 10  # the last ones that are shown
_SUMS = ("in", "out", "failed", "retried", "restarts", "lost", "ready")
_PROCESS = ("queued_bytes", "memory_bytes", "cpu_seconds")  # of instances' processes, where workers tell: sums
_ALL_TIME = ":all-time"  # Storm's name of this window

Said = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Face:
    """What people are told before and behind the lines of the PEs."""

    head: Callable[[Said], Iterator[str]]
    notes: Callable[[Said], Iterator[str]]


def look(nimbus: Nimbus, name: str, before: Said | None = None) -> Said:
    """Everything that is known of a topology, as JSON has it. Rates are since `before`, an earlier look; without one,
    since its start."""
    found = find(nimbus, name)
    said = about(nimbus, found)
    now = state(nimbus, found)
    stages = said.get("stages", [])
    pes = _counts(json.loads(nimbus.read_blob(key) or b"{}") for key in found.parts("counts."))
    result: Said = {
        "name": found.name,
        "id": found.id,
        "time": time.time(),
        "status": "failed" if now.failed else "finished" if now.finished else found.status,
        "version": said.get("version"),
        "plan": said.get("plan"),
        "build": said.get("build"),
        "sources": {"ended": now.ended, "all": now.sources},
        "failed": now.failed,
        "results": len(found.results),
        "dead_letters": len(found.parts("letters.")),
        "pes": {pe: pes.get(pe, row_of({})) for _, _, paths in stages for pe in paths} | pes,
        **lasting(nimbus, found),
    }
    if found.status != "gone":
        result |= _running(nimbus, found, result["pes"], stages)
    place(result, stages)
    rates(result, before, said.get("roots", []))
    return result


def _counts(blobs: Iterable[Mapping[str, Mapping[str, Any]]]) -> dict[str, Said]:
    """Of each PE, over all workers; of instances, what was told last."""
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for blob in blobs:
        for pe, counts in blob.items():
            rows.setdefault(pe, []).append(counts)
    return {pe: row_of(*counts) for pe, counts in rows.items()}


def row_of(*counts: Mapping[str, Any]) -> Said:
    """What is said of a PE, as several tell it."""
    row: Said = {name: sum(int(one.get(name, 0)) for one in counts) for name in _SUMS}
    told: dict[str, Mapping[str, Any]] = {}
    for one in counts:
        for rank, numbers in one.get("instances", {}).items():
            if rank not in told or numbers.get("at", 0) >= told[rank].get("at", 0):
                told[rank] = numbers
    for name in _PROCESS:
        known = [numbers[name] for numbers in told.values() if name in numbers]
        row[name] = sum(known) if known else None
    latencies = [numbers["latency_ms"] for numbers in told.values() if numbers.get("latency_ms")]
    row["latency_ms"] = max(latencies) if latencies else None
    row["error"] = None
    return row


def _running(nimbus: Nimbus, found: Found, pes: dict[str, Said], stages: list[Any]) -> Said:
    info = nimbus.call("getTopologyInfo", found.id)
    errors = [
        {"stage": stage, "time": error.error_time_secs, "text": error.error.strip()}
        for stage, told in info.errors.items()
        for error in told
    ]
    errors.sort(key=lambda error: error["time"])
    for stage, _, paths in stages:
        latency = _latency(executor for executor in info.executors if executor.component_id == stage)
        for pe in paths:
            if pes[pe]["latency_ms"] is None:
                pes[pe]["latency_ms"] = latency
        for error in errors:
            if error["stage"] == stage:
                pe = next((one for one in paths if error["text"].startswith(f"{one}[")), paths[0])
                pes[pe]["error"] = error["text"].strip().partition("\n")[0]
    workers = sorted({f"{executor.host}:{executor.port}" for executor in info.executors})
    return {"uptime": info.uptime_secs, "workers": workers, "errors": errors[-_ERRORS:]}


def _latency(executors: Iterable[Any]) -> float | None:
    """Milliseconds until a batch is processed, by a bolt, or from a spout by all that is behind it, as Storm says."""
    took = count = 0.0
    for executor in executors:
        if executor.stats is None:
            continue
        told: Any = executor.stats.specific.bolt or executor.stats.specific.spout
        times: dict[str, dict[Any, float]] = (
            getattr(told, "process_ms_avg", None) or getattr(told, "complete_ms_avg", None) or {}
        )
        for stream, mean in times.get(_ALL_TIME, {}).items():
            acked = told.acked.get(_ALL_TIME, {}).get(stream, 0)
            took += mean * acked
            count += acked
    return round(took / count, 3) if count else None


def place(said: Said, stages: list[Any]) -> None:
    """Where each PE is: its stage, which others it shares a process with, how many instances."""
    for stage, instances, paths in stages:
        ready = min(instances, said["pes"][paths[0]]["ready"])
        for pe in paths:
            said["pes"][pe] |= {"stage": stage, "instances": instances, "ready": ready}


def rates(said: Said, before: Said | None, roots: list[str]) -> None:
    """Items a second that came in, or out of a source."""
    same = before is not None and before["id"] == said["id"]
    seconds = said["time"] - before["time"] if same and before is not None else float(said.get("uptime", 0))
    said["rate_over"] = round(seconds, 3)
    for pe, row in said["pes"].items():
        old = before["pes"].get(pe) if same and before is not None else None
        name = "out" if pe in roots else "in"
        count = row[name] - (old[name] if old else 0)
        row["rate"] = round(count / seconds, 1) if seconds > 0 and count >= 0 else None


def status_lines(said: Said, face: "Face | None" = None) -> Iterator[str]:
    """The same for people."""
    face = face or TOPOLOGY
    yield from face.head(said)
    for pe, row in said["pes"].items():
        yield f"  {pe}: {', '.join(_words(row))}"
        if row["error"]:
            yield f"    last error: {row['error']}"
    yield from face.notes(said)


def head(said: Said) -> Iterator[str]:
    """What is to be said of the topology as a whole."""
    uptime = f", up {duration(said['uptime'])}" if "uptime" in said else ""
    yield f"{said['name']}: {said['status']}{uptime}, {said['id']}"
    if said["version"]:
        build = f", build {said['build'][:12]}" if said["build"] else ""
        yield f"  compiled by sferic {said['version']}, plan {said['plan'][:12]}{build}"
    if "workers" in said:
        yield f"  workers: {', '.join(said['workers']) or 'none yet'}"
    yield f"  sources: {said['sources']['ended']} of {said['sources']['all']} have ended and are drained"


def _words(row: Said) -> Iterator[str]:
    """What is to be said of a PE."""
    if row.get("instances", 1) > 1 or row.get("ready", 1) < row.get("instances", 1):
        yield f"{row['ready']} of {row['instances']} instances"
    yield f"{row['in']:,} in"
    yield f"{row['out']:,} out"
    if row["rate"] is not None:
        yield f"{row['rate']:,.0f}/s"
    if row["latency_ms"] is not None:
        yield f"{row['latency_ms']:,.1f} ms a batch"
    for name in ("failed", "retried", "restarts", "lost"):
        if row[name]:
            yield f"{row[name]:,} {name}"
    if row["queued_bytes"]:
        yield f"{size_text(row['queued_bytes'])} queued"
    if row["memory_bytes"]:
        yield size_text(row["memory_bytes"])


def notes(said: Said) -> Iterator[str]:
    """Where its sources are, what there is to fetch, and why it cannot go on."""
    yield from lasting_lines(said)
    for kind, command in (("results", "results"), ("dead_letters", "dead-letters --name")):
        if said[kind]:
            chunks = f"{said[kind]} chunk{'s' * (said[kind] != 1)}"
            yield f"  {kind.replace('_', ' ')} to fetch: {chunks}. sferic {command} {said['name']}"
    if said["failed"]:
        yield f"  it cannot go on: {said['failed']}"
    known = {row.get("stage") for row in said["pes"].values()}
    for error in said.get("errors", ()):
        if error["stage"] not in known:
            first = error["text"].strip().partition("\n")[0]
            yield f"  error in {error['stage']}: {first}"


TOPOLOGY = Face(head, notes)


def size_text(count: float) -> str:
    return f"{count / (1 << 20):,.0f} MiB" if count >= 1 << 20 else f"{count / 1024:,.0f} KiB"


def duration(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    return f"{days} d " * bool(days) + f"{hours} h " * bool(hours or days) + f"{rest // 60} min"

"""What the PEs of a topology have done: the blobs of its workers put together."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

Row = dict[str, float]

_SUMS = ("queued_bytes", "memory_bytes", "cpu_seconds")  # of an instance


def rows(blobs: Iterable[bytes]) -> dict[str, Row]:
    """Numbers by PE and name, of all workers there have been.

    Of what an instance has now (memory, queue, latency) only its last worker counts. What is of a process and not of a
    PE is told by the first PE of the process alone: `memory_bytes`, `cpu_seconds` and `queued_bytes` of all instances,
    `latency_ms` of their batches' mean, `latency_p99_ms` of the slowest instance.
    """
    found: dict[str, Row] = {}
    instances: dict[str, dict[str, Mapping[str, Any]]] = {}
    for blob in blobs:
        for pe, told in json.loads(blob or b"{}").items():
            row = found.setdefault(pe, {})
            for name, number in told.items():
                if name != "instances":
                    row[name] = row.get(name, 0) + number
            newest = instances.setdefault(pe, {})
            for rank, numbers in told.get("instances", {}).items():
                if numbers["at"] >= newest.get(rank, {"at": 0})["at"]:
                    newest[rank] = numbers
    for pe, newest in instances.items():
        found[pe] |= _together(list(newest.values()))
    return found


def _together(instances: list[Mapping[str, Any]]) -> Row:
    row: Row = {name: sum(one[name] for one in instances if name in one) for name in _SUMS if name in _names(instances)}
    timed = [one for one in instances if "latency_ms" in one]
    if timed:
        row["latency_ms"] = round(
            sum(one["latency_ms"] * one["batches"] for one in timed) / sum(one["batches"] for one in timed), 3
        )
        row["latency_p99_ms"] = max(one["latency_p99_ms"] for one in timed)
    return row


def _names(instances: list[Mapping[str, Any]]) -> set[str]:
    return {name for one in instances for name in one}

"""What a topology says of what it lost, what was dropped, and where its sources are."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from sferic.cluster.nimbus import Nimbus
from sferic.cluster.positions import positions
from sferic.cluster.topologies import Found


def lasting(nimbus: Nimbus, found: Found) -> dict[str, Any]:
    """As JSON has it."""
    dropped: Counter[str] = Counter()
    for key in found.parts("dropped."):
        dropped.update(json.loads(nimbus.read_blob(key) or b"{}"))
    again = ""
    for key in found.parts("again"):
        event = json.loads(nimbus.read_blob(key) or b"{}")
        again = f"{event['stage']} (instance {event['rank']})"
    return {
        "attempt": found.attempt,
        "began_again": again,
        "dropped": {"results": dropped["results"], "dead_letters": dropped["letters"]},
        "positions": [
            {"pe": one.path, "rank": one.rank, "position": one.position} for one in positions(nimbus, found.name)
        ],
    }


def lasting_lines(said: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    for one in said["positions"]:
        yield f"  {one['pe']} (instance {one['rank']}) is at {_short(json.dumps(one['position']))}"
    if said["began_again"]:
        yield f"  state of {said['began_again']} was lost: it has begun again, and counts are of both attempts"
    for kind, option in (("results", "--keep-results"), ("dead_letters", "--keep-letters")):
        if count := said["dropped"][kind]:
            yield f"  {count:,} {kind.replace('_', ' ')} were dropped: nobody fetched them, and more came ({option})"


def _short(text: str, length: int = 100) -> str:
    return text if len(text) <= length else text[:length] + "…"

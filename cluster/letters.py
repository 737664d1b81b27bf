"""Dead letters of a topology, in Nimbus' blobstore: lots of lines, which are read and dropped."""

import json
from base64 import b64decode
from collections.abc import Collection
from dataclasses import dataclass

from sferic.cluster.nimbus import Nimbus
from sferic.cluster.topologies import Found, about, find_all, tidy
from sferic.runtime.host.failures import with_letter_key
from sferic.runtime.letters import Letter, letter_of


@dataclass(frozen=True, slots=True)
class Lot:
    """A blob of them."""

    of: Found
    key: str
    lines: tuple[bytes, ...]
    letters: tuple[Letter, ...]


def lots(nimbus: Nimbus, name: str) -> list[Lot]:
    """Those of all topologies of this name, oldest first. Raises NoSuchTopology."""
    found: list[Lot] = []
    for topology in find_all(nimbus, name):
        seal = b64decode(about(nimbus, topology).get("key", "")) if topology.parts("letters.") else b""
        for key in topology.parts("letters."):
            lines = tuple((nimbus.read_blob(key) or b"").splitlines())
            letters = tuple(letter_of(with_letter_key(json.loads(line), seal)) for line in lines)
            found.append(Lot(topology, key, lines, letters))
    return found


def drop(nimbus: Nimbus, read: list[Lot], stay: Collection[int] = ()) -> int:
    """Take them away, but those whose numbers (from 1, over all lots) `stay`; those that came since stay too."""
    number = dropped = 0
    for lot in read:
        left: list[bytes] = []
        for line in lot.lines:
            number += 1
            if number in stay:
                left.append(line)
        if len(left) < len(lot.lines):
            dropped += len(lot.lines) - len(left)
            nimbus.delete_blob(lot.key)
            if left:
                nimbus.write_blob(lot.key, b"\n".join(left) + b"\n")
            elif lot.of.status == "gone":
                tidy(nimbus, lot.of)
    return dropped

"""Writes the list of Storm's jars, with their hashes: `python -m sferic.cluster.pin REPOSITORY`.

For maintainers, after a change of version. REPOSITORY is a local Maven repository into which Maven resolved
org.apache.storm:storm-server without rocksdbjni and hadoop-auth, and the Eclipse compiler.
"""

import hashlib
import json
import sys
from pathlib import Path

from sferic.cluster.jars import PINS


def pins(repository: Path, wanted: set[str]) -> list[dict[str, str | int]]:
    """One entry a jar: path in the repository, sha256, size in bytes."""
    found: list[dict[str, str | int]] = []
    for jar in sorted(repository.rglob("*.jar")):
        if jar.name in wanted:
            data = jar.read_bytes()
            path = jar.relative_to(repository).as_posix()
            found.append({"path": path, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)})
    return found


def main(arguments: list[str]) -> None:
    """Rewrite the list beside this module."""
    repository = Path(arguments[0])
    wanted = {Path(line).name for line in sys.stdin.read().split()}
    (Path(__file__).parent / PINS).write_text(json.dumps(pins(repository, wanted), indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

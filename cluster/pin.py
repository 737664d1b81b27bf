"""Writes the list of Storm's jars with their hashes: `python -m sferic.cluster.pin`; with arguments FILE and
GROUP:ARTIFACT:VERSION… the list of just these jars, without what they need (the tests have one).

For maintainers, after a change of `STORM_VERSION` or of what is left out. It resolves the versions with the library
jgo, fetches every jar from `repository()` (SFERIC_MAVEN counts) and trusts what it gets: compare the difference in git
with what was expected before committing it, and run a topology on the local Storm.
"""

import hashlib
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from sferic.cluster.jars import COMPILER_VERSION, PINS, STORM_VERSION, repository

# Group and artifact of what Storm names as a dependency and a run without it does not need, with their reasons.
# Not resolved at all, so that what only they need goes too:
EXCLUDED = {
    "org.rocksdb:rocksdbjni": "metric store of Nimbus: NoOpMetricStore is configured instead; 65 MB",
    "org.apache.storm:storm-hadoop-auth": "Kerberos of Hadoop",
    "org.apache.hadoop:hadoop-auth": "Kerberos of Hadoop",
    "org.bouncycastle:bcpkix-jdk18on": "PEM keys of TLS to Nimbus, and OCSP; 10 MB with what it needs",
    "com.rabbitmq:amqp-client": "metrics sent to Graphite through RabbitMQ",
    "org.apache.httpcomponents:httpclient": "scheduler settings fetched from Artifactory",
    "jline:jline": "ZooKeeper's shell",
}


def roots() -> list[str]:
    """group:artifact:version of what is wanted."""
    return [f"org.apache.storm:storm-server:{STORM_VERSION}", f"org.eclipse.jdt:ecj:{COMPILER_VERSION}"]


def resolve(folder: Path) -> list[Path]:
    """The jars below `folder` (a Maven repository), fetched: the roots and all that they need."""
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415 - only maintainers need it

    context = MavenContext(repo_cache=folder, resolver=PythonResolver(), remote_repos={"it": repository()})
    without = [context.project(*name.split(":")) for name in EXCLUDED]
    server, compiler = (
        context.create_dependency(coordinate, without if "storm" in coordinate else None) for coordinate in roots()
    )
    _, needed = context.resolver.get_dependency_list([server])
    return [dependency.artifact.resolve() for dependency in (server, *(node.dep for node in needed), compiler)]


def resolve_alone(coordinates: Iterable[str], folder: Path) -> list[Path]:
    """These jars below `folder`, fetched."""
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415 - only maintainers need it

    context = MavenContext(repo_cache=folder, resolver=PythonResolver(), remote_repos={"it": repository()})
    return [context.create_dependency(coordinate).artifact.resolve() for coordinate in coordinates]


def entries(jars: Iterable[Path], folder: Path) -> list[dict[str, str | int]]:
    """One entry a jar: its path in the repository `folder`, sha256, size in bytes; sorted by path."""
    found: list[dict[str, str | int]] = []
    for jar in sorted(set(jars)):
        data = jar.read_bytes()
        path = jar.relative_to(folder).as_posix()
        found.append({"path": path, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)})
    return found


def main(arguments: Sequence[str]) -> None:
    """Rewrite the list beside this module, or another one."""
    out = Path(arguments[0]) if arguments else Path(__file__).parent / PINS
    with tempfile.TemporaryDirectory(prefix="sferic-pin-") as name:
        folder = Path(name).resolve()
        found = entries(resolve_alone(arguments[1:], folder) if arguments else resolve(folder), folder)
    out.write_text(json.dumps(found, indent=1) + "\n")
    print(f"{len(found)} jars, {sum(int(entry['size']) for entry in found):,} bytes")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])

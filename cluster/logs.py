"""What workers of a topology have logged."""

from collections.abc import Iterator
from pathlib import Path

from sferic.cluster.nimbus import NimbusError
from sferic.cluster.topologies import Found


def worker_logs(found: Found, logs: Path, count: int) -> Iterator[tuple[str, list[str]]]:
    """(worker's port, its last lines) of every worker, from files on this machine. Raises NimbusError."""
    folder = logs / "workers-artifacts" / found.id
    if not folder.is_dir():
        raise NimbusError(
            f"{found.id} has no logs on this machine (looked in {folder.parent}). They are on the machines of its "
            f"workers, in workers-artifacts/{found.id}/PORT/worker.log below Storm's logs; sferic status {found.name} "
            "names them"
        )
    for log in sorted(folder.glob("*/worker.log")):
        yield log.parent.name, log.read_text(errors="replace").splitlines()[-count:]

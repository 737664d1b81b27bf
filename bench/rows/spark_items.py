"""Tuples through producer → map → consumer as a batch job on Spark, against stream-d4py's mapping to Spark, which can
be made to run this far (peers/d4py_spark.py says what it takes)."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from harness import Row, interleaved, median, peer_python, say, spread
from spark_run import began, compiled, peer, running

COUNT = 1_000_000


def _items(name: str, command: Callable[[Path], list[str | Path]]) -> float:
    """Items a second, from the first to the last."""
    with tempfile.TemporaryDirectory(prefix="sferic-bench-", ignore_cleanup_errors=True) as where:
        folder = Path(where)
        with running(command(folder), folder) as job:
            job.wait()
        speed = COUNT * 1e9 / (int((folder / "last-0").read_text()) - began(folder))
        say(f"{name}: {speed:,.0f} items/s")
        return speed


def ours(fused: str) -> float:
    """Compiled."""
    given = {"count": COUNT, "fused": fused}
    return _items(f"ours, fused: {fused}", lambda folder: compiled("items.py", folder, {**given, "folder": folder}))


def theirs(packages: Path) -> float:
    """By the mapping; `packages`: where it is installed."""

    def command(folder: Path) -> list[str | Path]:
        return ["env", f"PYTHONPATH={packages}", *peer("d4py_spark.py", folder, COUNT)]

    return _items("stream-d4py", command)


def measure() -> list[Row]:
    """In turn."""
    python = peer_python("d4py", "stream-d4py", "openmpi", "mpi4py")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = python.parents[1] / "lib" / version / "site-packages"
    measures = [lambda: ours("yes"), lambda: ours("no"), lambda: theirs(packages)]
    fused, apart, their = interleaved(measures, 3, warm_up=False)
    return [
        Row("spark-items", f"stream-d4py spark, {name}", median(their), median(own), "items/s",
            median(own) / median(their), "", None, spread(own))
        for name, own in (("ours fused", fused), ("ours in three stages", apart))
    ]  # fmt: skip

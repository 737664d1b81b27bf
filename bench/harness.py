"""Rows of the benchmark table: measured in turn, ours and a peer's, medians of repeats after a warm-up."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from sferic.cluster.cache import cache_folder

FOLDER = Path(__file__).parent
T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """One line of the table. `ratio` is ours against the peer's or the bar's base; `reached` is None without a bar."""

    name: str
    peer: str
    peer_value: float | None
    ours: float
    unit: str
    ratio: float | None
    bar: str
    reached: bool | None
    spread: str = ""


def interleaved(measures: Sequence[Callable[[], T]], repeats: int, *, warm_up: bool = True) -> list[list[T]]:
    """Each measure `repeats` times, in turn, after one turn that does not count; without it, where each run is a JVM of
    its own, and as cold as the next."""
    taken: list[list[T]] = [[] for _ in measures]
    for turn in range(repeats + warm_up):
        for measure, values in zip(measures, taken, strict=True):
            value = measure()
            if turn >= warm_up:
                values.append(value)
    return taken


def spread(values: Sequence[float]) -> str:
    """Smallest to largest."""
    return f"{min(values):.3g}–{max(values):.3g}"


def median(values: Sequence[float]) -> float:
    """The figure to quote."""
    return statistics.median(values)


def peer_python(name: str, *packages: str) -> Path:
    """An interpreter with peers installed from their packages, apart from ours; made once, kept in the user's cache."""
    folder = cache_folder("bench") / f"venv-{name}"
    python, done = folder / "bin" / "python", folder / ".done"
    wanted = " ".join((*packages, sys.version))
    if not done.is_file() or done.read_text() != wanted:
        say(f"installing {', '.join(packages)}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        done.write_text(wanted)
    return python


def say(text: str) -> None:
    """Progress, on stderr."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def write(rows: Sequence[Row]) -> None:
    """results.json; rows measured earlier and not now stay, and each has its place."""
    path = FOLDER / "results.json"
    known = json.loads(path.read_text()) if path.is_file() else []
    by_name = {(row["name"], row["peer"]): row for row in known}
    by_name |= {(row.name, row.peer): asdict(row) for row in rows}
    path.write_text(json.dumps([*by_name.values()], indent=1) + "\n")

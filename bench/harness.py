"""Rows of the benchmark table: measured in turn, ours and a peer's, medians of repeats after a warm-up."""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
WORK = FOLDER / ".work"


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


def interleaved(measures: Sequence[Callable[[], float]], repeats: int) -> list[list[float]]:
    """Each measure `repeats` times, in turn, after one turn that does not count."""
    taken: list[list[float]] = [[] for _ in measures]
    for turn in range(repeats + 1):
        for measure, values in zip(measures, taken, strict=True):
            value = measure()
            if turn:
                values.append(value)
    return taken


def spread(values: Sequence[float]) -> str:
    """Smallest to largest."""
    return f"{min(values):.3g}–{max(values):.3g}"


def median(values: Sequence[float]) -> float:
    """The figure to quote."""
    return statistics.median(values)


def peer_python(*packages: str) -> Path:
    """An interpreter with peers installed from their packages, apart from ours."""
    python = WORK / "venv" / "bin" / "python"
    if not python.is_file():
        subprocess.run([sys.executable, "-m", "venv", WORK / "venv"], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    return python


def write(rows: Sequence[Row]) -> None:
    """results.json; rows measured earlier and not now stay."""
    path = FOLDER / "results.json"
    known = json.loads(path.read_text()) if path.is_file() else []
    fresh = {(row.name, row.peer) for row in rows}
    kept = [row for row in known if (row["name"], row["peer"]) not in fresh]
    path.write_text(json.dumps([*kept, *map(asdict, rows)], indent=1) + "\n")

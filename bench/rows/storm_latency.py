"""End to end over three hops of a local Storm at 100 items/s: 60 s after 30 s of warm-up, and a chain in Java."""

import json
import math
import tempfile
from collections.abc import Callable
from pathlib import Path

from harness import Row, median, say, spread
from peers.java_peer import command
from storm_run import command_of, run

RATE = 100  # items a second
WARM_UP, SECONDS = 30, 60
P50_MS, P99_MS = 3.0, 15.0
_TURNS = 3


def _delays(name: str, start: Callable[[Path], list[str]], *, ends_itself: bool) -> list[float]:
    """Milliseconds, sorted, of the items after the warm-up."""
    with tempfile.TemporaryDirectory(prefix="sferic-bench-") as where:
        folder = Path(where)
        run(start(folder), folder, ends_itself=ends_itself, until="delays")
        taken: list[int] = json.loads((folder / "delays").read_text())
    if len(taken) != (WARM_UP + SECONDS) * RATE:
        raise AssertionError(f"{name}: {len(taken)} items came")
    delays = sorted(delay / 1e6 for delay in taken[WARM_UP * RATE :])
    say(f"{name}: p50 {quantile(delays, 0.5):.2f} ms, p99 {quantile(delays, 0.99):.2f} ms, most {delays[-1]:.1f} ms")
    return delays


def quantile(values: list[float], share: float) -> float:
    """Of sorted values: the smallest that `share` of them do not exceed."""
    return values[max(0, math.ceil(len(values) * share) - 1)]


def ours() -> list[float]:
    """Through the command line, unfused."""

    def start(folder: Path) -> list[str]:
        return command_of("chain.py", folder=folder, count=(WARM_UP + SECONDS) * RATE, rate=RATE)

    return _delays("ours", start, ends_itself=True)


def java() -> list[float]:
    """A tuple an item, Storm's defaults."""
    given = {"seconds": WARM_UP + SECONDS, "rate": RATE}
    return _delays("Java chain", lambda folder: command(folder, "chain", {}, **given), ends_itself=False)


def measure() -> list[Row]:
    """Of each run the median and the 99th of a hundred; each run has a warm-up of its own."""
    mine: list[list[float]] = []
    theirs: list[list[float]] = []
    for _ in range(_TURNS):
        theirs.append(java())
        mine.append(ours())
    rows: list[Row] = []
    for name, share, bar, times in (("p50", 0.5, P50_MS, 0.0), ("p99", 0.99, P99_MS, 3.0)):
        taken = [quantile(delays, share) for delays in mine]
        own, peer = median(taken), median([quantile(delays, share) for delays in theirs])
        reached = own <= max(bar, times * peer)
        text = f"≤ {bar:g} ms" + (f" or {times:g} × Java" if times else "")
        row = Row("storm-latency", f"Java chain, {name}", peer, own, "ms", own / peer, text, reached, spread(taken))
        rows.append(row)
    return rows

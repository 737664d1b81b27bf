"""What nothing costs on Spark: a tick of a stream at which nothing comes, and a batch job of nothing, each with 1, 4
and 16 stages; by Spark's own log of when its jobs began and ended.

At an idle tick our sources are waited for, half an interval: that is taken off.
"""

import json
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from harness import Row, interleaved, median, say
from spark_run import compiled, logged, peer, running

STAGES = (1, 4, 16)
INTERVAL = 1
PATIENCE = INTERVAL / 2
WARM_UP, TICKS = 3, 7
REPEATS = 3


def events(folder: Path) -> Iterator[dict[str, Any]]:
    """What Spark has logged so far."""
    for path in sorted((folder / "events").rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            for line in path.read_text().splitlines():
                try:
                    yield json.loads(line)
                except json.JSONDecodeError:  # it is being written
                    return


def jobs(folder: Path) -> dict[str, tuple[float, float]]:
    """(began, ended), in seconds of the day's clock, of what a tick did, by the name or the time that Spark knows."""
    began: dict[int, tuple[str, float]] = {}
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for event in events(folder):
        if event["Event"] == "SparkListenerJobStart":
            known = event.get("Properties") or {}
            name = known.get("spark.streaming.internal.batchTime") or known.get("spark.job.description") or "job"
            began[event["Job ID"]] = (name, event["Submission Time"] / 1000)
        elif event["Event"] == "SparkListenerJobEnd":
            name, start = began[event["Job ID"]]
            spans[name].append((start, event["Completion Time"] / 1000))
    return {name: (min(start for start, _ in some), max(end for _, end in some)) for name, some in spans.items()}


def tick(command: Callable[[Path], list[str | Path]], patience: float) -> float:
    """Seconds that a tick takes, the median of some."""
    with tempfile.TemporaryDirectory(prefix="sferic-bench-", ignore_cleanup_errors=True) as where:
        folder = Path(where)
        (folder / "in").mkdir()
        with running(logged(command(folder), folder), folder) as job:
            found: list[float] = []
            while len(found) < WARM_UP + TICKS + 1 and job.watch():
                found = [end - start for start, end in jobs(folder).values()]
    return median(found[WARM_UP : WARM_UP + TICKS]) - patience


def whole(command: Callable[[Path], list[str | Path]]) -> float:
    """Seconds of a batch job, from the beginning of its first part to the end of its last."""
    with tempfile.TemporaryDirectory(prefix="sferic-bench-", ignore_cleanup_errors=True) as where:
        folder = Path(where)
        with running(logged(command(folder), folder), folder) as job:
            job.wait()
        spans = jobs(folder).values()
        return max(end for _, end in spans) - min(start for start, _ in spans)


def _ours(stages: int, *, endless: bool) -> Callable[[Path], list[str | Path]]:
    def command(folder: Path) -> list[str | Path]:
        given = {"stages": stages, "endless": "yes" if endless else "no"}
        made = compiled("spark_empty.py", folder, given, "--fuse", "none")
        return [*made, "--interval", str(INTERVAL), "--checkpoint", folder / "checkpoint"] if endless else made

    return command


def _theirs(stages: int, interval: float) -> Callable[[Path], list[str | Path]]:
    return lambda folder: peer("spark_empty.py", folder, stages, interval)


def measure() -> list[Row]:
    """Straight lines through the medians: what each stage takes, and what is left for none."""
    measures: dict[tuple[str, str, int], Callable[[], float]] = {}
    for stages in STAGES:
        measures["job", "ours", stages] = lambda n=stages: whole(_ours(n, endless=False))
        measures["job", "by hand", stages] = lambda n=stages: whole(_theirs(n, 0))
    taken = dict(zip(measures, interleaved(list(measures.values()), REPEATS, warm_up=False), strict=True))
    for stages in STAGES:
        taken["tick", "ours", stages] = [tick(_ours(stages, endless=True), PATIENCE)]
        taken["tick", "by hand", stages] = [tick(_theirs(stages, INTERVAL), 0.0)]
    lines: dict[tuple[str, str], tuple[float, float]] = {}
    for what in ("tick", "job"):
        for who in ("ours", "by hand"):
            values = [median(taken[what, who, stages]) * 1000 for stages in STAGES]
            say(f"{what}, {who}: " + ", ".join(f"{n} stages {ms:.0f} ms" for n, ms in zip(STAGES, values, strict=True)))
            fit = statistics.linear_regression(STAGES, values)
            lines[what, who] = (fit.slope, fit.intercept)
    rows: list[Row] = []
    for what in ("tick", "job"):
        for number, part in enumerate(("each stage", "beside stages")):
            own, their = lines[what, "ours"][number], lines[what, "by hand"][number]
            name = f"pyspark by hand, {part}"
            rows.append(Row(f"spark-empty {what}", name, their, own, "ms", own / their, "", None))
    return rows

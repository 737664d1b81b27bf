"""The same workflows on every target, for who has to choose: from the command to the first item, end to end over three
hops at 100 items a second, and words a second where each word takes a hop to who counts it."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness import Row, interleaved, median, say, spread
from rows import storm_start
from rows.storm_latency import quantile
from spark_run import began, counted
from storm_run import command_of, run
from text import SENTENCES, WORDS, expected, write_text

STREAM = ("spark", "--mode", "dstream", "--interval")
TARGETS: dict[str, tuple[str, ...]] = {
    "local": ("local",),
    "multi": ("multi",),
    "storm": ("storm",),
    "spark, batch": ("spark",),
    "spark, stream, 1 s": (*STREAM, "1"),
    "spark, stream, 0.1 s": (*STREAM, "0.1"),
}
RATE = 100  # items a second
WARM_UP, SECONDS = 8, 12
REPEATS = 3
TURNS = 150  # of the text, in each of two sources


def delays(on: Sequence[str]) -> list[float]:
    """Milliseconds, sorted, of the items after the warm-up."""
    with tempfile.TemporaryDirectory(prefix="sferic-bench-") as where:
        folder = Path(where)
        command = command_of("chain.py", on, folder=folder, count=(WARM_UP + SECONDS) * RATE, rate=RATE)
        run(command, folder, ends_itself=True)
        taken: list[int] = json.loads((folder / "delays").read_text())
    if len(taken) != (WARM_UP + SECONDS) * RATE:
        raise AssertionError(f"{on}: {len(taken)} items came")
    return sorted(delay / 1e6 for delay in taken[WARM_UP * RATE :])


def words(on: Sequence[str]) -> float:
    """Words a second, from the first line to the last count."""
    with tempfile.TemporaryDirectory(prefix="sferic-bench-") as where:
        folder = Path(where)
        write_text(folder)
        command = command_of("spark_words.py", on, fuse="auto", folder=folder, repeats=TURNS, way="words")
        run(command, folder, ends_itself=True)
        last, counts = counted(folder)
        if counts != expected(2 * TURNS):
            raise AssertionError(f"{on}: the counts differ from those of a plain loop")
        return 2 * TURNS * SENTENCES * WORDS * 1e9 / (last - began(folder))


def _rows(what: str, unit: str, taken: dict[str, list[float]]) -> list[Row]:
    for name, values in taken.items():
        say(f"{what}, {name}: {median(values):,.4g} {unit} ({spread(values)})")
    return [
        Row(f"target {what}", f"({name})", None, median(values), unit, None, "", None, spread(values))
        for name, values in taken.items()
    ]


def start() -> list[Row]:
    """From the command."""
    measures = [lambda on=on: storm_start.seconds(on) for on in TARGETS.values()]
    return _rows("start", "s", dict(zip(TARGETS, interleaved(measures, REPEATS, warm_up=False), strict=True)))


def latency() -> list[Row]:
    """Of streams: in a batch job nothing reaches a stage before the one in front of it has ended."""
    streams = {name: on for name, on in TARGETS.items() if name != "spark, batch"}
    measures = [lambda on=on: delays(on) for on in streams.values()]
    turns = dict(zip(streams, interleaved(measures, REPEATS, warm_up=False), strict=True))
    rows: list[Row] = []
    for title, share in (("p50", 0.5), ("p99", 0.99)):
        rows += _rows(title, "ms", {name: [quantile(one, share) for one in taken] for name, taken in turns.items()})
    return rows


def speed() -> list[Row]:
    """Words a second."""
    measures = [lambda on=on: words(on) for on in TARGETS.values()]
    return _rows("words", "words/s", dict(zip(TARGETS, interleaved(measures, REPEATS, warm_up=False), strict=True)))

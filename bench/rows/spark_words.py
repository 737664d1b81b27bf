"""Word count as a batch job on Spark against one written by hand (peers/spark_words.py says why it is fair).

Words a second from the first line to the last count: starting Spark and Python's first worker is left out, what it
takes to go from one stage to the next is not; the JVM is cold for all.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness import Row, interleaved, median, say, spread
from spark_run import began, compiled, counted, peer, running
from text import SENTENCES, WORDS, expected, write_text

PARTS = 2
TURNS, FEW = 500, 150  # of the text in each part; where each word takes a hop, few
BAR = 0.9


@dataclass(frozen=True)
class Figures:
    """Of one run."""

    words: float  # a second
    cpu: float  # seconds a word, of the process tree


def _figures(name: str, repeats: int, command: Callable[[Path], list[str | Path]]) -> Figures:
    with tempfile.TemporaryDirectory(prefix="sferic-bench-", ignore_cleanup_errors=True) as where:
        folder = Path(where)
        write_text(folder)
        with running(command(folder), folder) as job:
            job.wait()
        first = began(folder)
        last, counts = counted(folder)
        if counts != expected(PARTS * repeats):
            raise AssertionError(f"{name}: the counts differ from those of a plain loop")
        seconds, words = (last - first) / 1e9, PARTS * repeats * SENTENCES * WORDS
        cpu = (job.cpu.at(last) - job.cpu.at(first)) / words
        say(f"{name}: {words / seconds:,.0f} words/s, {cpu * 1e6:.2f} µs of CPU a word, {seconds:.1f} s")
        return Figures(words / seconds, cpu)


def ours(name: str, *options: str, way: str = "parts", repeats: int = TURNS) -> Figures:
    """Compiled."""

    def command(folder: Path) -> list[str | Path]:
        return compiled("spark_words.py", folder, {"folder": folder, "repeats": repeats, "way": way}, *options)

    return _figures(name, repeats, command)


def theirs(name: str, script: str, *, way: str = "parts", repeats: int = TURNS) -> Figures:
    """Written by hand."""
    return _figures(name, repeats, lambda folder: peer(script, folder, repeats, way))


def measure() -> list[Row]:
    """All of them in turn."""
    measures = {
        "ours": lambda: ours("ours"),
        "expert": lambda: theirs("expert", "spark_words.py"),
        "jvm": lambda: theirs("Spark SQL", "spark_sql_words.py"),
        "unfused": lambda: ours("ours, unfused", "--fuse", "none"),
        "words": lambda: ours("ours, a hop a word", way="words", repeats=FEW),
        "their words": lambda: theirs("expert, a hop a word", "spark_words.py", way="words", repeats=FEW),
    }
    taken = dict(zip(measures, interleaved(list(measures.values()), 3, warm_up=False), strict=True))
    speeds = {name: [one.words for one in figures] for name, figures in taken.items()}
    mine = speeds["ours"]

    def row(peer: str, their: float, own: list[float], bar: float | None = None) -> Row:
        ratio = median(own) / their
        text = "" if bar is None else f"≥ {bar:g} ×"
        reached = None if bar is None else ratio >= bar
        return Row("spark-words batch", peer, their, median(own), "words/s", ratio, text, reached, spread(own))

    return [
        row("pyspark by hand, RDDs", median(speeds["expert"]), mine, BAR),
        row("Spark SQL, in the JVM alone", median(speeds["jvm"]), mine),
        row("ours, unfused", median(speeds["unfused"]), mine),
        row("by hand, a hop a word in both", median(speeds["their words"]), speeds["words"], BAR),
    ]

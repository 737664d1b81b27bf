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


def ours(name: str, *options: str, way: str = "parts", repeats: int = 750) -> Figures:
    """Compiled."""

    def command(folder: Path) -> list[str | Path]:
        return compiled("spark_words.py", folder, {"folder": folder, "repeats": repeats, "way": way}, *options)

    return _figures(name, repeats, command)


def theirs(name: str, script: str, repeats: int = 750) -> Figures:
    """Written by hand."""
    return _figures(name, repeats, lambda folder: peer(script, folder, repeats))


def measure() -> list[Row]:
    """All of them in turn."""
    measures = {
        "ours": lambda: ours("ours"),
        "expert": lambda: theirs("expert", "spark_words.py"),
        "jvm": lambda: theirs("Spark SQL", "spark_sql_words.py"),
        "unfused": lambda: ours("ours, unfused", "--fuse", "none", repeats=250),
        "words": lambda: ours("ours, a hop a word", way="words", repeats=250),
    }
    taken = dict(zip(measures, interleaved(list(measures.values()), 3, warm_up=False), strict=True))
    speeds = {name: [one.words for one in figures] for name, figures in taken.items()}
    mine = speeds["ours"]

    def row(peer: str, their: float | None, own: list[float], bar: float | None = None) -> Row:
        ratio = None if their is None else median(own) / their
        text = "" if bar is None else f"≥ {bar:g} ×"
        reached = None if bar is None or ratio is None else ratio >= bar
        return Row("spark-words batch", peer, their, median(own), "words/s", ratio, text, reached, spread(own))

    return [
        row("pyspark by hand, RDDs", median(speeds["expert"]), mine, BAR),
        row("Spark SQL, in the JVM alone", median(speeds["jvm"]), mine),
        row("ours, unfused", median(speeds["unfused"]), mine),
        row("(ours, a hop a word)", None, speeds["words"]),
    ]

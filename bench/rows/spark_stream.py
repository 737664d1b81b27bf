"""Word count as a DStream job against one written by hand (peers/spark_stream_words.py says why it is fair).

Words a second from the first file to the last count, where more files come than either can count: what each sustains.
Spark has started by then for both; that its JVM gets warm is counted for both.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from feed import TEXTS
from harness import FOLDER, Row, interleaved, median, say, spread
from spark_run import began, compiled, counted, peer, running
from text import SENTENCES, WORDS, expected, write_text

FILES, RATE = 100, 20  # and files a second: four million words
INTERVAL = 1
BAR = 0.9


@dataclass(frozen=True)
class Figures:
    """Of one run."""

    words: float  # a second
    cpu: float  # seconds a word, of the process tree


def _figures(name: str, command: Callable[[Path], list[str | Path]]) -> Figures:
    with tempfile.TemporaryDirectory(prefix="sferic-bench-", ignore_cleanup_errors=True) as where:
        folder = Path(where)
        write_text(folder)
        (folder / "in").mkdir()
        feeder = [sys.executable, FOLDER / "feed.py", folder, str(FILES), str(RATE)]
        with running(command(folder), folder) as job, subprocess.Popen(feeder) as feeding:
            try:
                words, last = 0, 0
                while words < FILES * TEXTS * SENTENCES * WORDS and job.watch():
                    last, counts = counted(folder)
                    words = counts.total()
            finally:
                feeding.kill()
        if counts != expected(FILES * TEXTS):
            raise AssertionError(f"{name}: the counts differ from those of a plain loop")
        first = began(folder)
        seconds = (last - first) / 1e9
        cpu = (job.cpu.at(last) - job.cpu.at(first)) / words
        say(f"{name}: {words / seconds:,.0f} words/s, {cpu * 1e6:.2f} µs of CPU a word, {seconds:.1f} s")
        return Figures(words / seconds, cpu)


def ours(name: str, *options: str) -> Figures:
    """Compiled."""

    def command(folder: Path) -> list[str | Path]:
        job = compiled("spark_stream_words.py", folder, {"folder": folder}, *options)
        return [*job, "--interval", str(INTERVAL), "--checkpoint", folder / "checkpoint"]

    return _figures(name, command)


def theirs(name: str) -> Figures:
    """Written by hand."""
    return _figures(name, lambda folder: peer("spark_stream_words.py", folder, INTERVAL))


def _row(name: str, mine: list[Figures], their: list[Figures], bar: float | None = None) -> Row:
    own, peer_words = [one.words for one in mine], median([one.words for one in their])
    ratio = median(own) / peer_words
    text, reached = ("", None) if bar is None else (f"≥ {bar:g} ×", ratio >= bar)
    return Row("spark-words dstream", name, peer_words, median(own), "words/s", ratio, text, reached, spread(own))


def measure() -> list[Row]:
    """In turn."""
    mine, their = interleaved([lambda: ours("ours"), lambda: theirs("expert")], 3, warm_up=False)
    return [_row("pyspark by hand, updateStateByKey", mine, their, BAR)]


def unfused() -> list[Row]:
    """The partitions left out, in turn."""
    mine, apart = interleaved([lambda: ours("ours"), lambda: ours("ours, unfused", "--fuse", "none")], 3, warm_up=False)
    return [_row("ours, unfused", mine, apart)]

"""Word count on a local Storm, acks on, three unfused stages, two counters: words a second, CPU a word.

Each runs the same text so often that the steady part, from the first sentence to the last ack, lasts seconds:
a peer of 30 thousand words a second gets fewer turns of the text than one of a million.
"""

import functools
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import FOLDER, Row, interleaved, median, peer_python, say, spread
from peers.java_peer import command
from storm_run import Steady, command_of, counted, run, steady
from text import SENTENCES, WORDS, expected, write_text

OURS, FUSED = "ours", "ours, fused"
JSON, MSGPACK = "streamparse JSON", "streamparse msgpack"
JAVA, BEST = "Java, Storm's defaults", "Java, best settings"
# Found by trying: batches from one executor to the next, and few enough sentences under way to keep queues short.
BEST_SETTINGS = {
    "topology.producer.batch.size": 100,
    "topology.max.spout.pending": 1000,
    "topology.disable.loadaware.messaging": True,
}


@dataclass(frozen=True)
class Figures:
    """Of one run."""

    words: float  # a second
    cpu: float  # seconds a word, of the process tree


def _figures(name: str, repeats: int, start: Callable[[Path], list[str]], *, ends_itself: bool = False) -> Figures:
    with tempfile.TemporaryDirectory(prefix="sferic-bench-") as where:
        folder = Path(where)
        write_text(folder)
        cpu = run(start(folder), folder, ends_itself=ends_itself)
        if counted(folder, 2) != expected(repeats):
            raise AssertionError(f"{name}: the counts differ from those of a plain loop")
        measured: Steady = steady(folder, cpu)
    words = repeats * SENTENCES * WORDS
    figures = Figures(words / measured.seconds, measured.cpu / words)
    say(f"{name}: {figures.words:,.0f} words/s, {figures.cpu * 1e6:.2f} µs of CPU a word, {measured.seconds:.1f} s")
    return figures


def ours(fuse: str, repeats: int = 500) -> Figures:
    """Through the command line."""

    def start(folder: Path) -> list[str]:
        return command_of("words.py", fuse=fuse, folder=folder, repeats=repeats)

    return _figures(OURS if fuse == "none" else FUSED, repeats, start, ends_itself=True)


def java(name: str, config: dict[str, Any], repeats: int = 250) -> Figures:
    """A tuple a word."""
    return _figures(name, repeats, lambda folder: command(folder, "java", config, repeats=repeats))


def streamparse(name: str, serializer: str, repeats: int, *, own_spout: bool = False, **settings: Any) -> Figures:
    """Python bolts through Storm's multilang, fed by a Java spout or by streamparse's own."""
    python = peer_python("streamparse", "streamparse==5.0.1", "msgpack")
    module = FOLDER / "peers" / "streamparse_words.py"

    def shell(what: str) -> list[str]:
        return [str(python), "-m", "streamparse.run", f"{module.stem}.{what}", "-s", serializer]

    def start(folder: Path) -> list[str]:
        (folder / module.name).symlink_to(module)
        config = {"topology.max.spout.pending": 500, "peer.folder": str(folder), "peer.repeats": repeats} | settings
        given: dict[str, Any] = {"split": shell("Split"), "count": shell("Count"), "repeats": repeats}
        if own_spout:
            given["spout"] = shell("Sentences")
        if serializer == "msgpack":
            config["topology.multilang.serializer"] = "peers.MsgpackSerializer"
        return command(folder, "shell", config, **given)

    return _figures(name, repeats, start)


@functools.cache
def runs(repeats: int = 3) -> dict[str, list[Figures]]:
    """All of them in turn; the rows storm-words and storm-cpu are made of the same runs."""
    measures: dict[str, Callable[[], Figures]] = {
        OURS: lambda: ours("none"),
        JSON: lambda: streamparse(JSON, "json", 10),
        MSGPACK: lambda: streamparse(MSGPACK, "msgpack", 20),
        JAVA: lambda: java(JAVA, {}),
        BEST: lambda: java(BEST, BEST_SETTINGS),
        FUSED: lambda: ours("auto"),
    }
    return dict(zip(measures, interleaved(list(measures.values()), repeats), strict=True))


def words(figures: list[Figures]) -> list[float]:
    """Words a second of each."""
    return [one.words for one in figures]


def measure() -> list[Row]:
    """A row a peer, and one of ours fused."""
    taken = runs()
    mine = words(taken[OURS])
    bars: dict[str, float | None] = {JSON: 50, MSGPACK: 25, JAVA: 1.0, BEST: None}
    rows: list[Row] = []
    for peer, bar in bars.items():
        theirs = median(words(taken[peer]))
        ratio = median(mine) / theirs
        rows.append(
            Row(
                "storm-words",
                peer,
                theirs,
                median(mine),
                "words/s",
                ratio,
                "" if bar is None else f"≥ {bar:g} ×",
                None if bar is None else ratio >= bar,
                spread(mine),
            )
        )
    fused = words(taken[FUSED])
    rows.append(Row("storm-words", "(ours, fused)", None, median(fused), "words/s", None, "", None, spread(fused)))
    return rows

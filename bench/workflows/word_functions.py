"""What is done with an item of the word counts on Spark, ours and the expert's: the same functions."""

import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path


def lines(folder: str, part: int, repeats: int) -> Iterator[str]:
    """The lines of `text`, again and again; notes when the first is made."""
    text = (Path(folder) / "text").read_text().splitlines()
    (Path(folder) / f"first-{part}").write_text(str(time.time_ns()))
    for _ in range(repeats):
        yield from text


def split(line: str) -> list[str]:
    """Its words."""
    return line.split()


def keep(folder: str, part: int, counts: Iterable[tuple[str, int]]) -> None:
    """The sink: the counts of a part in its file, with the time, in place of those before."""
    path = Path(folder) / f"counts-{part}"
    new = path.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps([time.time_ns(), dict(counts)]))
    new.rename(path)

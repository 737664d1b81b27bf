"""Counts the words of a text: lines → words → count by word."""

from pathlib import Path

from sferic import Workflow
from sferic.sources import Lines

include = ["text.txt"]  # what workers need beside this file
TEXT = Path(__file__).with_name("text.txt")


def split(line: str) -> list[str]:
    """The words of a line."""
    return line.lower().split()


def itself(word: str) -> str:
    """A word is its own key: equal words reach the same instance."""
    return word


def build(path: str = "", counters: int = 2) -> Workflow:
    """The workflow; -p fills the parameters."""
    wf = Workflow("PROJECT")
    words = wf.source(Lines, path or str(TEXT)).flat_map(split)
    words.key_by(itself, instances=counters).count()
    return wf

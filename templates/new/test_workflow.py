"""The workflow, against a plain loop."""

from collections import Counter
from pathlib import Path

import pytest
import sferic
from MODULE import build, split

TEXT = "To be or not to be\n\nthat is the question\n"


def test_split() -> None:
    assert split("To  be\n") == ["to", "be"]


@pytest.mark.parametrize("on", ["local", "multi"])
def test_counts(tmp_path: Path, on: str) -> None:
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    results = sferic.run(build(str(path)), on=on)
    assert dict(results["count"]["output"]) == Counter(TEXT.lower().split())

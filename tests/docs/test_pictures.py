"""The README's pictures are there, show what the commands show, and load nothing."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
PICTURES = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))


def test_the_readme_shows_a_plan_and_a_watched_topology():
    assert {"docs/plan.svg", "docs/watch.svg"} <= set(PICTURES)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_whole_and_loads_nothing(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    ElementTree.fromstring(text)
    assert set(re.findall(r"https?://[^\s\"')]+", text)) <= {"http://www.w3.org/2000/svg"}


def test_the_plan_is_what_draw_draws(tmp_path):
    command = [sys.executable, "-m", "sferic.cli", "draw", "topologies/languages.py", "-n", "8", "--plan"]
    done = subprocess.run([*command, "-o", str(tmp_path / "plan.svg")], cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    drawn, shown = tmp_path / "plan.svg", ROOT / "docs" / "plan.svg"
    assert drawn.read_bytes() == shown.read_bytes(), f"draw it again: {' '.join(command[2:])} -o docs/plan.svg"

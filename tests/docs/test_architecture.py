"""The tests and folders that ARCHITECTURE.md names are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text()
SHIM = ROOT / "runtime" / "storm" / "shim" / "src" / "test" / "java" / "sferic"


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT))), ids="::".join)
def test_a_test_that_holds_an_invariant(named):
    path, function = named
    assert re.search(rf"^ *def {function}\(", (ROOT / path).read_text(), re.MULTILINE)


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(\w+Test)\.(\w+)`", TEXT))), ids=".".join)
def test_a_java_test_that_holds_an_invariant(named):
    kind, method = named
    assert f"void {method}(" in (SHIM / f"{kind}.java").read_text()


def rooms():
    table = re.search(r"\| room \|.*?\n\n", TEXT, re.DOTALL)[0]
    for line in table.strip().splitlines()[2:]:
        room, told = line.strip("|").split(" | ", 1)
        folder = re.search(r"`([\w/]+)/`", room)[1]
        for name in re.findall(r"`([\w/]+(?:\.py|/))`", told):
            yield folder, name


@pytest.mark.parametrize(("folder", "name"), sorted(set(rooms())))
def test_what_the_map_names_is_there(folder, name):
    assert (ROOT / folder / name).exists()


def test_the_map_names_every_room():
    links = {path.name for path in (ROOT / "sferic").iterdir() if path.is_symlink()}
    assert links
    for name in links:
        assert f"| `{name}/`" in TEXT, name


def test_every_decision_is_listed():
    for path in (ROOT / "docs" / "decisions").glob("*.md"):
        assert f"(docs/decisions/{path.name})" in TEXT, path.name

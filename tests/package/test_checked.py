"""That the type checker is told of all of the package: it does not follow the links in sferic/ by itself."""

import os
import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYRIGHT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pyright"]
USERS = ("topologies", "templates")  # written as users write theirs; for them to fill in
TESTS_OF_JAVA = ROOT / "runtime/storm/shim/src/test"


def _excluded(path):
    """By what pyright is told: `**/` is any folders, and what is in an excluded folder is excluded, too."""
    parts = path.relative_to(ROOT).parts
    folders = ["/" + "/".join(parts[: n + 1]) for n in range(len(parts))]
    patterns = [f"/{pattern}".replace("/**/", "*/") for pattern in PYRIGHT["exclude"]]
    return any(fnmatch(folder, pattern) for folder in folders for pattern in patterns)


def _told():
    """The real Python files that it checks: those below each folder of `include`, but not behind further links."""
    found = set()
    for name in PYRIGHT["include"]:
        for folder, _, files in os.walk(ROOT / name):
            paths = [Path(folder, file) for file in files]
            found.update(path.resolve() for path in paths if path.suffix == ".py" and not _excluded(path))
    return found


def test_every_file_of_the_rooms_is_type_checked():
    rooms = [link for link in (ROOT / "sferic").iterdir() if link.is_symlink() and link.name not in USERS]
    assert {room.name for room in rooms} >= {"cluster", "compiler", "runtime"}
    all_files = {path for folder in (ROOT / "sferic", *rooms) for path in folder.resolve().rglob("*.py")}
    missing = {path for path in all_files if not path.is_relative_to(TESTS_OF_JAVA)} - _told()
    assert not missing


def test_the_check_is_strict():
    assert PYRIGHT["typeCheckingMode"] == "strict"

"""`sferic new`: what it writes works as its README says."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("pages", ROOT / "tests" / "docs" / "pages.py")
pages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pages)


def sferic(folder, *arguments):
    command = [sys.executable, "-m", "sferic.cli", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_its_own_commands(tmp_path):
    done = sferic(tmp_path, "new", "My-words")
    assert done.stdout == (
        "My-words: README.md, my_words.py, test_my_words.py, text.txt\n"
        "Next: cd My-words; sferic run my_words.py; the README says more\n"
    )
    folder = tmp_path / "My-words"
    for path in folder.iterdir():
        assert not {"MODULE", "PROJECT"} & set(path.read_text().replace(".", " ").split())
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    ran = 0
    for kind, text, line in pages.blocks((folder / "README.md").read_text()):
        assert kind == "console"
        for command, expected in pages.steps(text):
            done = subprocess.run(
                command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            assert pages.fits(done.stdout, expected), f"README.md:{line}: {command}\n{done.stdout}---\n{done.stderr}"
            ran += 1
    assert ran == 7


@pytest.mark.parametrize("name", ["", "../x", "a/b", "1st", "a b", "sferic", "Test", "json", "-x", "x" * 70])
def test_names_that_will_not_do(tmp_path, name):
    done = sferic(tmp_path, "new", "--", name)
    assert done.returncode == 2
    assert f"{name!r} is no name for a project" in done.stderr
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "x").mkdir()
    done = sferic(tmp_path, "new", "x")
    assert (done.returncode, done.stderr) == (2, "x is there already. Name another folder\n")
    assert not list((tmp_path / "x").iterdir())

"""Every block in the pages is run, as it stands there; what they refer to exists."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sferic.cluster.namespace import NamespaceRefused, in_new_network

_spec = importlib.util.spec_from_file_location("pages", Path(__file__).with_name("pages.py"))
pages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pages)

ROOT, PAGES = pages.ROOT, pages.PAGES
TARGET = re.compile(r"`make ([a-z-]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)|\b(?:src|srcset|href)=\"([^\"]+)\"")


@pytest.mark.timeout(300)  # a page may start Storm several times, each JVM with a limit of its own
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks(page, tmp_path):
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(tmp_path),
        "COLUMNS": "100",
        "SFERIC_STATE": str(tmp_path / "state"),
    }
    try:
        run_blocks(page, tmp_path, environment)
    finally:
        if (tmp_path / "state").exists():
            for kind in [], ["--spark"]:
                down = [sys.executable, "-m", "sferic.cli", "cluster", "down", *kind]
                subprocess.run(down, env=environment, check=True)


def closed_here():
    try:
        in_new_network(lambda: None)
    except NamespaceRefused:
        return False
    return True


def run_blocks(page, tmp_path, environment):
    told = page.read_text()
    if "--closed" in told and not closed_here():  # who is not root has the same cluster with open ports
        told = told.replace(" --closed", "").replace("open to root on this machine", "open to …")
    waiting = set()  # files that a command has still to run
    for kind, text, line in pages.blocks(told, page.name):
        waiting = {name for name in waiting if kind != "console" or name not in text}
        if kind == "console":
            run_session(text, f"{page.name}:{line}", tmp_path, environment)
        else:
            path = tmp_path / pages.file_name(text)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            if pages.for_the_command(text):
                waiting.add(path.name)
                continue
            if kind == "yaml":  # a console block says what it does
                continue
            done = subprocess.run(
                [sys.executable, path], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{page.name}:{line}\n{done.stdout}{done.stderr}"
    assert not waiting


def run_session(text, where, folder, environment):
    for command, expected in pages.steps(text):
        done = subprocess.run(
            command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert pages.fits(done.stdout, expected), f"{where}: {command}\n{done.stdout}---\n{done.stderr}"


@pytest.mark.parametrize("text", ["```yaml\na: 1\n```\n", "```\nx\n```\n", "~~~\nx\n~~~\n", "  ```python\n  x\n  ```\n",
                                  "```python title=x\n```\n", "```python\nx\n"])  # fmt: skip
def test_a_block_that_nothing_would_run_is_refused(text):
    with pytest.raises(pages.UnknownBlock):
        pages.blocks(text)


def test_what_a_command_wrote_is_compared_to_the_end():
    assert pages.fits("a 12 b\nx\ny\nz\n", "a … b\n…\nz\n")
    assert not pages.fits("a 12 b\nmore\n", "a … b\n")
    assert not pages.fits("a 12 b\n", "a … b\nmore\n")
    assert not pages.fits("a (1)\n", "a .1.\n")


def test_make_targets_that_the_pages_name_exist():
    makefile = (ROOT / "Makefile").read_text()
    for page in PAGES:
        for target in TARGET.findall(page.read_text()):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]), ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    for found in LINK.findall(page.read_text()):
        place, _, heading = "".join(found).partition("#")
        if "://" in place:
            continue
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), f"{page.name}: {place}"
        if heading:
            assert heading in headings(target), f"{page.name}: {place}#{heading}"


def headings(page):
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_manual_is_listed_in_the_readme():
    readme = (ROOT / "README.md").read_text()
    for page in pages.MANUAL:
        assert f"(docs/manual/{page.name})" in readme, page.name

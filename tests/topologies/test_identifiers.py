"""identifiers, against a plain loop over Python's own tokenizer."""

import importlib.util
import json
import keyword
import subprocess
import sys
import sysconfig
import tokenize
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(sysconfig.get_path("stdlib")) / "json"


def plain_loop(folder):
    names = Counter()
    for path in sorted(folder.rglob("*.py")):
        if "__pycache__" in path.parts:
            continue
        with path.open("rb") as source:
            for token in tokenize.tokenize(source.readline):
                if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
                    names[token.string] += 1
    return sorted(names.items(), key=lambda pair: (-pair[1], pair[0]))


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
def test_top_twenty(on):
    command = [sys.executable, "-m", "sferic.cli", "run", "topologies/identifiers.py", "--on", on, "--json"]
    done = subprocess.run([*command, "-p", f"folder={FOLDER}"], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {(line["pe"], line["port"]) for line in lines} == {("Top", "output")}
    assert [tuple(line["value"]) for line in lines] == plain_loop(FOLDER)[:20]


@pytest.mark.parametrize("mode", ["batch", pytest.param("dstream", marks=pytest.mark.slow)])
def test_top_twenty_on_spark(on_spark, mode):
    found = on_spark("topologies/identifiers.py", "-p", f"folder={FOLDER}", "--mode", mode)
    assert [tuple(pair) for pair in found] == plain_loop(FOLDER)[:20]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["batch", "dstream"])
def test_top_twenty_of_more_in_twelve_processes_on_spark(on_spark, mode):
    whole = FOLDER.parent / "asyncio"
    found = on_spark("topologies/identifiers.py", "-p", f"folder={whole}", "--mode", mode, "--fuse", "none", "-n", 12)
    assert [tuple(pair) for pair in found] == plain_loop(whole)[:20]


def test_the_input_is_there_on_every_machine():
    spec = importlib.util.spec_from_file_location("identifiers", ROOT / "topologies" / "identifiers.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    files = list(module.Files(sysconfig.get_path("stdlib"))._process({}))
    assert len(files) > 300

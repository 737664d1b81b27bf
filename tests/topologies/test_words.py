"""words, in YAML and in the light way, against a plain loop."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from pydoc_data.topics import topics

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = "To be, or not to be: that is the question.\n\nÜber alles to be_or 2 b\n"


def plain_loop(text, top):
    counts = Counter("".join(letter if letter.isalpha() else " " for letter in text.lower()).split())
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:top]


def sferic(*arguments):
    command = [sys.executable, "-m", "sferic.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def values(*arguments):
    return [tuple(json.loads(line)["value"]) for line in sferic("run", *arguments, "--json").splitlines()]


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
def test_top_ten_in_yaml(on):
    assert values("topologies/words.yaml", "--on", on) == plain_loop("\n".join(topics.values()), 10)


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
def test_top_ten_in_the_light_way(on):
    assert values("topologies/words.py", "--on", on) == plain_loop("\n".join(topics.values()), 10)


@pytest.mark.parametrize("mode", ["batch", pytest.param("dstream", marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["py", "yaml"])
def test_top_ten_on_spark(on_spark, kind, mode):
    found = [tuple(pair) for pair in on_spark(f"topologies/words.{kind}", "--mode", mode)]
    assert found == plain_loop("\n".join(topics.values()), 10)


def test_parameters(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    for name in ("words.yaml", "words.py"):
        found = values(f"topologies/{name}", "-p", f"path={path}", "-p", "top=4", "-p", "counters=3", "--on", "multi")
        assert found == plain_loop(TEXT, 4), name


def test_both_are_one_workflow():
    explained = [json.loads(sferic("explain", f"topologies/words.{kind}", "--json")) for kind in ("py", "yaml")]
    assert explained[0]["definition"]["digest"] == explained[1]["definition"]["digest"]
    assert explained[0]["stages"] == explained[1]["stages"]
    assert [one["path"] for one in explained[1]["files"]] == ["words.py"]

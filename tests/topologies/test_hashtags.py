"""hashtags, a file as a user of dispel4py wrote it, against a plain loop over the same tweets."""

import ast
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TWEETS = ROOT / "topologies" / "tweets.jsonl"


def plain_loop():
    hashtags, languages = Counter(), Counter()
    for line in TWEETS.read_text(encoding="utf-8").splitlines():
        tweet = json.loads(line)
        if "delete" not in tweet and tweet["lang"] != "und" and tweet["entities"]["hashtags"]:
            languages[tweet["lang"]] += 1
            hashtags.update(tag["text"].lower() for tag in tweet["entities"]["hashtags"])
    return [
        [kind, name, count]
        for kind, counts in (("hashtags", hashtags), ("languages", languages))
        for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    ]


@pytest.mark.parametrize(
    "how",
    [
        ["run", "--on", "local"],
        ["run", "--on", "multi"],
        ["run", "--on", "multi", "-n", "12"],
        ["run", "--on", "storm"],
        ["d4py", "simple"],
        ["d4py", "multi", "-n", "3", "-s"],
    ],
    ids=" ".join,
)
def test_ranks(how):
    inputs = json.dumps({"read": [{"input": str(TWEETS)}]})
    command = [sys.executable, "-m", "sferic.cli", *how, "topologies/hashtags.py", "-d", inputs]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    ranks = [json.loads(line)["value"] for line in done.stdout.splitlines()]
    assert len(ranks) > 10
    assert ranks == plain_loop()


@pytest.mark.parametrize("mode", ["batch", pytest.param("dstream", marks=pytest.mark.slow)])
def test_ranks_on_spark(on_spark, mode):
    inputs = json.dumps({"read": [{"input": str(TWEETS)}]})
    assert on_spark("topologies/hashtags.py", "-d", inputs, "--mode", mode) == plain_loop()


def test_it_knows_nothing_of_us():
    imported = [
        node.module
        for node in ast.walk(ast.parse((ROOT / "topologies/hashtags.py").read_text()))
        if isinstance(node, ast.ImportFrom)
    ]
    assert set(imported) == {"collections", "dispel4py.base", "dispel4py.core", "dispel4py.workflow_graph"}

"""Ready workflows on the session's one Spark."""

import json
import sys
from pathlib import Path

import pytest

from sferic.cli import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def on_spark(spark, monkeypatch, capsys):
    """The values that `sferic run` prints, run in this process, which has a Spark already."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)

    def printed(*arguments):
        with pytest.raises(SystemExit) as left:
            main(["run", *map(str, arguments), "--on", "spark", "--json"])
        said = capsys.readouterr()
        assert left.value.code == 0, said.err
        return [json.loads(line)["value"] for line in said.out.splitlines()]

    yield printed
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(ROOT / "topologies")):
            del sys.modules[name]

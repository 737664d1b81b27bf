"""What `compile --to spark` wrote, submitted by Spark's own command, with an interpreter that has no sferic."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pyspark
import pytest

from sferic.runtime.letters import read_letters

WORKFLOW = """
from dataclasses import dataclass
from pathlib import Path

from sferic import IterativePE, ProducerPE, WorkflowGraph

include = ["numbers.txt"]


@dataclass
class Squared:
    number: int
    square: int


class Numbers(ProducerPE):
    def _process(self, inputs):
        for line in Path(__file__).with_name("numbers.txt").read_text().split():
            yield int(line)


class Square(IterativePE):
    on_failure = "dead-letter"
    numprocesses = 2

    def _process(self, number):
        if number % 10 == 3:
            raise ValueError(f"cannot square {number}")
        return Squared(number, number * number)


class Sum(IterativePE):
    def __init__(self):
        super().__init__()
        self.inputconnections["input"]["grouping"] = "global"
        self.sum = 0

    def _process(self, squared):
        self.sum += squared.square

    def _postprocess(self):
        self.write("output", self.sum)


graph = WorkflowGraph("squares")
square = Square()
graph.connect(Numbers(), "output", square, "input")
graph.connect(square, "output", Sum(), "input")
"""


@pytest.fixture
def bare(tmp_path):
    """An interpreter with pyspark and nothing else."""
    venv.create(tmp_path / "bare", symlinks=True)
    (packages,) = (tmp_path / "bare" / "lib").glob("python3*/site-packages")
    installed = Path(pyspark.__file__).parents[1]
    for name in ("pyspark", "py4j"):
        (packages / name).symlink_to(installed / name)
    python = tmp_path / "bare" / "bin" / "python"
    for name in ("sferic", "ormsgpack"):
        assert subprocess.run([python, "-P", "-c", f"import {name}"], capture_output=True, check=False).returncode == 1
    return python


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_job_runs_where_no_sferic_is_installed(tmp_path, bare):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "squares.py").write_text(WORKFLOW)
    (folder / "numbers.txt").write_text("\n".join(map(str, range(100))))
    compiled = [
        sys.executable,
        "-m",
        "sferic.cli",
        "compile",
        "squares.py",
        "--to",
        "spark",
        "-o",
        str(tmp_path / "out"),
    ]
    subprocess.run(compiled, cwd=folder, check=True)
    line = json.loads((tmp_path / "out" / "MANIFEST.json").read_text())["submit"].split()
    assert line[0] == "spark-submit"
    home = Path(pyspark.__file__).parent
    environment = {**os.environ, "PYSPARK_PYTHON": str(bare), "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
    command = [home / "bin" / "spark-submit", "--master", "local[2]", *line[1:]]
    command += ["--results", tmp_path / "results", "--dead-letters", tmp_path / "letters"]
    done = subprocess.run(
        command, cwd=tmp_path / "out", env=environment, capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 3, done.stderr  # done, but items failed
    expected = sum(n * n for n in range(100) if n % 10 != 3)
    assert [json.loads(line) for line in (tmp_path / "results").read_text().splitlines()] == [
        {"pe": "Sum", "port": "output", "value": expected}
    ]
    letters = list(read_letters(tmp_path / "letters"))
    assert sorted(letter.items()[0] for letter in letters) == list(range(3, 100, 10))
    assert {letter.pe for letter in letters} == {"Square"}
    # spark-submit passes what its job says on stderr on to its own stdout.
    assert [line for line in done.stdout.splitlines() if line.startswith("Square: ")] == [
        "Square: 100 in, 90 out, 10 failed"
    ]

"""What `compile --to spark` wrote, submitted by Spark's own command, with an interpreter that has no sferic."""

import json
import os
import re
import subprocess
import sys
import time
import venv
from pathlib import Path

import pyspark
import pytest

from sferic.runtime.letters import read_letters

HOME = Path(pyspark.__file__).parent

WORKFLOW = '''
import os
import signal
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

    def __init__(self, flag):
        super().__init__()
        self.flag = flag

    def _process(self, number):
        if number == 50 and self.flag and first_time(self.flag):
            os.kill(executor(), signal.SIGKILL)
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


def first_time(path):
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def executor():
    """The JVM above the worker and its daemon."""
    pid = os.getpid()
    for _ in range(3):
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    assert Path(f"/proc/{pid}/comm").read_text() == "java\\n"
    return pid


def build(flag=""):
    graph = WorkflowGraph("squares")
    square = Square(flag)
    graph.connect(Numbers(), "output", square, "input")
    graph.connect(square, "output", Sum(), "input")
    return graph
'''


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


@pytest.fixture
def submit(tmp_path, bare):
    """`submit(master, *options)`: compiles the workflow and submits it as its manifest says."""

    def submitted(master, *options):
        folder = tmp_path / "project"
        folder.mkdir()
        (folder / "squares.py").write_text(WORKFLOW)
        (folder / "numbers.txt").write_text("\n".join(map(str, range(100))))
        command = [sys.executable, "-m", "sferic.cli", "compile", "squares.py", "--to", "spark", *options]
        subprocess.run([*command, "-o", str(tmp_path / "out")], cwd=folder, check=True)
        line = json.loads((tmp_path / "out" / "MANIFEST.json").read_text())["submit"].split()
        assert line[0] == "spark-submit"
        command = [HOME / "bin" / "spark-submit", "--master", master, *line[1:]]
        command += ["--results", tmp_path / "results", "--dead-letters", tmp_path / "letters"]
        return subprocess.run(
            command, cwd=tmp_path / "out", env=environment(bare), capture_output=True, text=True, check=False
        )

    return submitted


def environment(python):
    return {**os.environ, "PYSPARK_PYTHON": str(python), "SPARK_HOME": str(HOME), "SPARK_LOCAL_IP": "127.0.0.1"}


def check(done, tmp_path):
    assert done.returncode == 3, done.stdout + done.stderr  # done, but items failed
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


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_job_runs_where_no_sferic_is_installed(tmp_path, submit):
    check(submit("local[2]"), tmp_path)


@pytest.fixture
def master(tmp_path, bare):
    """The URL of a standalone cluster of one worker, on loopback."""
    started = []

    def start(kind, *arguments):
        log = tmp_path / f"{kind}.log"
        command = [
            HOME / "bin" / "spark-class",
            f"org.apache.spark.deploy.{kind.lower()}.{kind}",
            "--host",
            "127.0.0.1",
        ]
        with log.open("wb") as out:
            started.append(
                subprocess.Popen(
                    [*command, "--port", "0", "--webui-port", "0", *arguments],
                    stdout=out,
                    stderr=out,
                    env=environment(bare),
                    cwd=tmp_path,
                )
            )
        return log

    def said(log, pattern):
        while (found := re.search(pattern, log.read_text())) is None:
            assert started[-1].poll() is None, log.read_text()
            time.sleep(0.1)
        return found[1]

    try:
        url = said(start("Master"), r"Starting Spark master at (spark://\S+)")
        said(start("Worker", "-c", "2", "-m", "1g", "-d", str(tmp_path / "work"), url), "(Successfully registered)")
        yield url
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_on_a_cluster_whose_executor_is_killed_results_are_exact(tmp_path, submit, master):
    flag = tmp_path / "killed"
    done = submit(master, "-p", f"flag={flag}")
    assert flag.exists()
    check(done, tmp_path)

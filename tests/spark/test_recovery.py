"""A submitted stream whose driver, with its JVM, is killed at random points, and submitted again."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

INSTANCES, KEYS, ITEMS = 2, 17, 6000

WORKFLOW = f"""
from sferic import IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def read(self, position):
        for number in range(position or 0, {ITEMS}):
            if number % 10 == 0:
                self.wait(0.05)
            yield number, number + 1


class Keyed(IterativePE):
    stateless = True
    on_failure = "dead-letter"

    def _process(self, number):
        if number % 1000 == 999:
            raise ValueError(number)
        return (number * 31 % {KEYS}, number)


class Count(IterativePE):
    numprocesses = {INSTANCES}

    def __init__(self):
        super().__init__()
        self.inputconnections["input"]["grouping"] = [0]
        self._add_output("each")
        self.counts = {{}}

    def process(self, inputs):
        key, number = inputs["input"]
        self.counts[key] = self.counts.get(key, 0) + 1
        if number % 100 == 0:
            self.write("each", number)

    def _postprocess(self):
        for pair in self.counts.items():
            self.write("output", pair)


graph = WorkflowGraph("counted")
keyed = Keyed()
graph.connect(Numbers(), "output", keyed, "input")
graph.connect(keyed, "output", Count(), "input")
"""


@pytest.fixture
def job(tmp_path, submit_out):
    """Starts the job of `workflow`, compiled as a stream, or the command that runs it; the same folder of its checkpoint
    each time."""
    started = []

    def compiled(workflow):
        (tmp_path / "counted.py").write_text(workflow)
        command = [sys.executable, "-m", "sferic.cli", "compile", "counted.py", "--to", "spark", "--mode", "dstream"]
        subprocess.run([*command, "--fuse", "none", "-o", "out"], cwd=tmp_path, check=True, capture_output=True)

    def start(workflow=WORKFLOW, kind="job"):
        compiled(workflow)
        environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_HOME": str(submit_out[0].parents[1])}
        command = [*submit_out]
        if kind == "run":
            command = [sys.executable, "-m", "sferic.cli", "run", "counted.py", "--on", "spark", "--mode", "dstream"]
            command += ["--fuse", "none"]
        command += ["--checkpoint", "kept", "--interval", "0.2", "--results", "results", "--dead-letters", "letters"]
        with (tmp_path / f"said{len(started)}").open("wb") as said:
            process = subprocess.Popen(
                command,
                cwd=tmp_path,
                env=environment | {"SPARK_LOCAL_IP": "127.0.0.1"},
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        kill(process)


def kill(process):
    """The JVM, and the Python in which the driver is."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def said(tmp_path):
    return "\n".join(path.read_text() for path in sorted(tmp_path.glob("said*")))


def marks(tmp_path):
    return sorted(path.name for path in (tmp_path / "kept").glob("superstep-*"))


def wait_for_marks(tmp_path, process, before):
    while (now := marks(tmp_path)) == before or not now:
        assert process.poll() is None, said(tmp_path)
        time.sleep(0.02)


def run_of(tmp_path):
    """The name of the run that wrote the last mark."""
    while True:
        try:
            return json.loads((tmp_path / "kept" / marks(tmp_path)[-1]).read_text())["run"]
        except FileNotFoundError:
            continue  # there is a newer one


def left_of(run):
    """What is on this machine of the processes that held a run's instances."""
    return list(Path(tempfile.gettempdir()).glob(f"sferic-{run}-*"))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["job", "run"])
def test_killed_drivers_lose_nothing_and_count_nothing_twice(tmp_path, job, kind):
    chance = random.Random(time.time_ns())
    runs = set()
    for _ in range(5):
        before = marks(tmp_path)
        process = job(kind=kind)
        for _ in range(chance.randint(1, 8)):
            wait_for_marks(tmp_path, process, before)
            before = marks(tmp_path)
        time.sleep(chance.uniform(0, 0.5))
        assert process.poll() is None, said(tmp_path)
        runs.add(run_of(tmp_path))
        kill(process)
    process = job(kind=kind)
    assert process.wait() == 3, said(tmp_path)  # some items failed
    while any(map(left_of, runs)):
        time.sleep(0.1)
    good = [number for number in range(ITEMS) if number % 1000 != 999]
    results = [json.loads(line) for line in (tmp_path / "results").read_text().splitlines()]
    counts = [tuple(one["value"]) for one in results if one["port"] == "output"]
    assert Counter(counts) == Counter(Counter(number * 31 % KEYS for number in good).items())
    each = [one["value"] for one in results if one["port"] == "each"]
    assert Counter(each) == Counter(number for number in good if number % 100 == 0)
    letters = [json.loads(line)["item"] for line in (tmp_path / "letters").read_text().splitlines()]
    assert sorted(map(int, letters)) == list(range(999, ITEMS, 1000))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_submitted_stream_stops_by_a_file_and_drains(tmp_path, job):
    process = job()
    wait_for_marks(tmp_path, process, [])
    (tmp_path / "kept" / "stop").touch()
    assert process.wait() in (0, 3), said(tmp_path)
    results = [json.loads(line) for line in (tmp_path / "results").read_text().splitlines()]
    counted = sum(one["value"][1] for one in results if one["port"] == "output")
    letters = tmp_path / "letters"
    failed = len(letters.read_text().splitlines())
    assert f"Numbers: 1 in, {counted + failed:,} out" in said(tmp_path)
    assert 0 < counted + failed < ITEMS


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_another_plan_is_refused_with_the_way_out(tmp_path, job):
    process = job()
    wait_for_marks(tmp_path, process, [])
    kill(process)
    process = job(WORKFLOW.replace("number * 31", "number * 32"))
    assert process.wait() == 2
    assert (
        "is of another plan: of another workflow, or of this one with other files, parameters or options. Go on with"
        in said(tmp_path)
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_drains_an_endless_run(tmp_path, number):
    workflow = WORKFLOW.replace("class Numbers(ProducerPE):", "class Numbers(ProducerPE):\n    endless = True")
    (tmp_path / "counted.py").write_text(workflow.replace(f"position or 0, {ITEMS}", "position or 0, 10**9"))
    command = [sys.executable, "-m", "sferic.cli", "run", "counted.py", "--on", "spark", "--checkpoint", "kept"]
    command += ["--fuse", "none", "--results", "results", "--dead-letters", "letters", "--interval", "0.2"]
    with (tmp_path / "said").open("wb") as out:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=out, stderr=out)
    try:
        wait_for_marks(tmp_path, process, [])
        wait_for_marks(tmp_path, process, marks(tmp_path))
        process.send_signal(number)
        assert process.wait() == 130, said(tmp_path)  # interrupted
    finally:
        process.kill()
    results = [json.loads(line) for line in (tmp_path / "results").read_text().splitlines()]
    counted = sum(one["value"][1] for one in results if one["port"] == "output")
    failed = len((tmp_path / "letters").read_text().splitlines())
    assert f"Numbers: 1 in, {counted + failed:,} out" in said(tmp_path)
    assert counted > 0


def test_a_run_that_is_killed_leaves_no_folder_however_long_its_name(tmp_path):
    workflow = WORKFLOW.replace("class Numbers(ProducerPE):", "class Numbers(ProducerPE):\n    endless = True")
    (tmp_path / "counted.py").write_text(workflow.replace(f"position or 0, {ITEMS}", "position or 0, 10**9"))
    temporary = tmp_path / ("long" * 25)
    temporary.mkdir()
    command = [sys.executable, "-m", "sferic.cli", "run", "counted.py", "--on", "spark", "--interval", "0.2"]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with (tmp_path / "said").open("wb") as out:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=out, stderr=out)
    try:
        while not list(temporary.glob("sferic-spark-*/checkpoint/superstep-*")):
            assert process.poll() is None, said(tmp_path)
            time.sleep(0.1)
    finally:
        process.kill()  # not its JVM
        process.wait()
    while left := list(temporary.glob("sferic-*")):
        time.sleep(0.1)
    assert not left


@pytest.mark.parametrize("where", ["/proc/none/kept", "nowhere://kept"])
def test_a_folder_that_cannot_be_written_to_is_said_in_a_line(tmp_path, where):
    (tmp_path / "counted.py").write_text(WORKFLOW)
    command = [sys.executable, "-m", "sferic.cli", "run", "counted.py", "--on", "spark", "--mode", "dstream"]
    command += ["--checkpoint", where, "--results", "results"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert f"the checkpoint's folder {where} cannot be written to (" in done.stderr
    assert "Traceback" not in done.stderr

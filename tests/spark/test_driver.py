"""The driver of a submitted job: asked to end by a signal to spark-submit's JVM, and what it says of itself."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

WORKFLOW = """
import time

from sferic import IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    endless = ENDLESS

    def read(self, position):
        number = position or 0
        while number < 10_000_000:
            yield number, number + 1
            number += 1
            if number % 100 == 0:
                time.sleep(0.05)


class Sum(IterativePE):
    def __init__(self):
        super().__init__()
        self.seen = self.sum = 0

    def _process(self, number):
        self.seen += 1
        self.sum += number

    def _postprocess(self):
        self.write("output", (self.seen, self.sum))


graph = WorkflowGraph("sums")
graph.connect(Numbers(), "output", Sum(), "input")
"""


@pytest.fixture
def job(tmp_path, submit_out):
    """`job(endless, name)`: a driver under way, with its status file; compiled at the first time."""
    started = []

    def start(endless, name="", submit=tuple(submit_out)):
        if not (tmp_path / "out").exists():
            compiled(tmp_path, endless)
        options = [
            "--results",
            f"results{name}",
            "--status",
            f"status{name}.json",
            *(["--checkpoint", "kept"] if endless else []),
        ]
        environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
        with (tmp_path / f"said{name}").open("wb") as said:
            started.append(
                subprocess.Popen([*submit, *options], cwd=tmp_path, env=environment, stdout=said, stderr=said)
            )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def compiled(folder, endless):
    (folder / "sums.py").write_text(WORKFLOW.replace("ENDLESS", str(endless)))
    command = [sys.executable, "-m", "sferic.cli", "compile", "sums.py", "--to", "spark", "-o", "out"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "out"


def until(process, path, wanted):
    while True:
        told = json.loads(path.read_text()) if path.exists() else {"state": None}
        if wanted(told):
            return told
        assert process.poll() is None, (path.parent / "said").read_text()[-4000:]
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_stream_drains_when_its_jvm_is_asked_to_end(tmp_path, job):
    driver = job(endless=True)
    status = tmp_path / "status.json"
    told = until(driver, status, lambda told: told["state"] == "running" and told.get("supersteps", 0) > 3)
    assert (told["name"], told["mode"], told["master"], told["interval"]) == ("sums", "dstream", "local[2]", 1.0)
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700
    driver.terminate()
    driver.wait()
    check(tmp_path, status)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_batch_job_drains_when_its_jvm_is_asked_to_end(tmp_path, job):
    driver = job(endless=False)
    status = tmp_path / "status.json"
    told = until(driver, status, lambda told: told["state"] == "running" and "stages" in told)
    assert told["stages"] == {"Numbers": {"instances": 1, "done": 0}, "Sum": {"instances": 1, "done": 0}}
    driver.send_signal(signal.SIGTERM)
    driver.wait()
    check(tmp_path, status)
    assert json.loads(status.read_text())["stages"]["Sum"] == {"instances": 1, "done": 1}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_one_driver_at_a_time_goes_on_from_a_checkpoint(tmp_path, job):
    first = job(endless=True)
    status = tmp_path / "status.json"
    until(first, status, lambda told: told["state"] == "running" and told.get("supersteps", 0) > 3)

    second = job(endless=True, name="2")
    assert second.wait() == 2
    told = json.loads((tmp_path / "status2.json").read_text())
    assert told["error"].startswith("the checkpoint in kept is in use by the driver of local-")

    third = {"driver": "third", "host": "elsewhere", "pid": 1, "app": "app-3", "beat": 1}
    (tmp_path / "kept" / "driver.json").write_text(json.dumps(third))
    assert first.wait() == 1
    told = json.loads(status.read_text())
    assert "(process 1 on elsewhere). It goes on in place of this one" in told["error"]


def check(tmp_path, status):
    said = (tmp_path / "said").read_text()
    assert "Stopping: sources end" in said
    [line] = (tmp_path / "results").read_text().splitlines()
    seen, total = json.loads(line)["value"]
    assert 0 < seen < 10_000_000
    assert total == sum(range(seen))
    told = json.loads(status.read_text())
    assert (told["state"], told["exit"], told["error"]) == ("ended", 0, None)
    assert told["pes"]["Numbers"]["out"] == told["pes"]["Sum"]["in"] == seen


@pytest.mark.timeout(300)
def test_a_stream_whose_job_and_archive_are_not_of_one_compilation_does_not_begin(tmp_path, job):
    path = compiled(tmp_path, endless=True) / "job.py"
    path.write_text(path.read_text().replace('"Sum": 1', '"Sum": 2'))
    assert job(endless=True).wait() == 2
    told = json.loads((tmp_path / "status.json").read_text())
    assert told["error"] == "job.py and flow.zip are not of one compilation: take both from the same folder"


@pytest.mark.timeout(300)
def test_a_job_without_its_packages_says_in_a_line_how_it_is_submitted(tmp_path, job, submit_out):
    without = [part for part in submit_out if part != "--archives" and not str(part).endswith("#packages")]
    assert job(endless=False, submit=without).wait() == 2
    told = json.loads((tmp_path / "status.json").read_text())
    assert told["error"].startswith("this job's compiled packages are not here. Give spark-submit: --archives ")
    assert told["error"] in (tmp_path / "said").read_text().splitlines()

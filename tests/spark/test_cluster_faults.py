"""Jobs on a real standalone cluster of two executors, whose processes are killed at random points.

Whatever is killed, state and results are those of a plain loop, poison is a dead letter once, and nothing is left.
"""

import importlib.util
import json
import os
import random
import signal
import time
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("killing", Path(__file__).with_name("killing.py"))
killing = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(killing)
check = killing.check

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def chance():
    seed = time.time_ns()
    print(f"chance: {seed}")
    return random.Random(seed)


@pytest.fixture
def made(tmp_path):
    """`made(cluster, mode, …)`: a job, whose driver ends with the test at the latest."""
    jobs = []

    def make(*how, **params):
        jobs.append(killing.Job(tmp_path, *how, **params))
        return jobs[-1]

    yield make
    for job in jobs:
        job.end()


@pytest.mark.parametrize("whom", ["executors", "workers", "keepers", "hosts"])
def test_of_a_stream(made, cluster, chance, whom):
    job = made(cluster, "dstream")
    job.submit()
    for _ in range(3):
        for _ in range(chance.randint(1, 4)):
            job.next_mark()
        time.sleep(chance.uniform(0, 0.3))
        job.kill_one_of(whom, chance)
    check(job, 3000)


def test_the_driver_of_a_stream(made, cluster, chance):
    job = made(cluster, "dstream")
    for _ in range(5):
        job.submit()
        for _ in range(chance.randint(1, 4)):
            job.next_mark()
        job.executors()
        time.sleep(chance.uniform(0, 0.5))
        job.runs_on()
        job.kill_driver()
    job.submit()
    check(job, 3000)


@pytest.mark.parametrize("whom", ["executors", "workers", "hosts"])
def test_of_a_batch_job(made, cluster, chance, whom):
    job = made(cluster, "batch", source=0.002, each=0.004)
    job.submit()
    for _ in range(2):
        job.until(getattr(job, whom))
        time.sleep(chance.uniform(0, 5))
        job.runs_on()
        job.kill_one_of(whom, chance)
    check(job, 3000)


def test_the_driver_of_a_batch_job_leaves_nothing(made, tmp_path, cluster):
    job = made(cluster, "batch", source=0.002, each=0.004)
    job.submit()
    job.until(job.hosts)
    assert job.executors()
    job.kill_driver()
    while job.left():
        time.sleep(0.1)
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("mode", ["batch", "dstream"])
def test_workers_on_one_machine_where_spark_gives_up_at_once(made, chance, mode):
    """spark-submit --master local[2] runs no task twice: the job's driver has Spark do so."""
    job = made(None, mode, source=0.002, each=0.002)
    job.submit()
    for _ in range(3):
        job.until(job.workers)
        time.sleep(chance.uniform(0, 3))
        job.runs_on()
        job.kill_one_of("workers", chance)
    check(job, 3000)


DEALT = '''
import os
import random
import time
from pathlib import Path

from sferic import IterativePE, ProducerPE, WorkflowGraph


def executor():
    """The JVM above this process."""
    pid = os.getpid()
    while Path(f"/proc/{pid}/comm").read_text() != "java\\n":
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return str(pid)


class Mixed(ProducerPE):
    """In another order each time."""

    def __init__(self, folder):
        super().__init__()
        self.folder = Path(folder)

    def _process(self, inputs):
        (self.folder / "first").write_text(executor())
        numbers = list(range(200))
        random.SystemRandom().shuffle(numbers)
        yield from numbers


class Dealt(IterativePE):
    """One instance ends at once, but not before the other one has begun; that one waits, on the other executor."""

    stateless = True
    numprocesses = 2

    def __init__(self, folder):
        super().__init__()
        self.folder = Path(folder)

    def _preprocess(self):
        here = executor() == (self.folder / "first").read_text()
        (self.folder / ("here" if here else "there")).touch()
        while not (self.folder / ("there" if here else "go")).exists():
            time.sleep(0.05)

    def _process(self, number):
        return number



class All(IterativePE):
    def __init__(self):
        super().__init__()
        self.inputconnections["input"]["grouping"] = "global"
        self.seen = []

    def _process(self, number):
        self.seen.append(number)

    def _postprocess(self):
        self.write("output", sorted(self.seen))


def build(folder):
    graph = WorkflowGraph("dealt")
    dealt = Dealt(folder)
    graph.connect(Mixed(folder), "output", dealt, "input")
    graph.connect(dealt, "output", All(), "input")
    return graph
'''


def test_what_is_dealt_out_once_is_not_dealt_out_otherwise_where_half_of_it_went(made, tmp_path, cluster):
    """An executor takes with it what a source gave, and what one of two instances made of its half."""
    job = made(cluster, "batch", DEALT)
    job.submit()
    job.until(lambda: job.done("Dealt"))
    os.kill(int((tmp_path / "notes" / "first").read_text()), signal.SIGKILL)
    (tmp_path / "notes" / "go").touch()
    assert job.process.wait() == 0, job.text()
    (result,) = (json.loads(line) for line in (tmp_path / "results").read_text().splitlines())
    assert result["value"] == list(range(200))

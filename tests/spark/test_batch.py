"""Batch jobs when things go wrong, and what they must never do: run anything twice, lose anything, hang."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from sferic import IterativePE, ProducerPE, WorkflowGraph, WrongInput
from sferic.launch import Spark


class Numbers(ProducerPE):
    def __init__(self, count, log=None):
        super().__init__()
        self.count = count
        self.log_file = log

    def _process(self, inputs):
        for number in range(self.count):
            note(self.log_file, f"source {number}")
            self.write("output", number)


class Noted(IterativePE):
    stateless = True

    def __init__(self, log):
        super().__init__()
        self.log_file = log

    def _process(self, data):
        note(self.log_file, f"noted {data}")
        return data


class Total(IterativePE):
    def __init__(self):
        super().__init__()
        self.total = 0

    def _process(self, data):
        self.total += data

    def _postprocess(self):
        self.write("output", self.total)


def note(path, line):
    if path is not None:
        with open(path, "a") as file:
            file.write(f"{line}\n")


def first_time(path):
    """True for the first process that asks."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def linear(*pes):
    graph = WorkflowGraph()
    for before, after in zip(pes, pes[1:], strict=False):
        graph.connect(before, "output", after, "input")
    return graph


def test_where_a_stream_forks_nothing_runs_twice(watch, tmp_path):
    """Three stages and the results read what the fork wrote; it is computed once all the same."""
    log = str(tmp_path / "log")
    graph = WorkflowGraph()
    source, fork = Numbers(100, log), Noted(log)
    graph.connect(source, "output", fork, "input")
    for _ in range(3):
        graph.connect(fork, "output", Total(), "input")
    ran = watch(graph)
    assert ran.results == {(f"Total{n}", "output"): [sum(range(100))] for n in ("", 2, 3)}
    expected = Counter(f"{who} {n}" for who in ("source", "noted") for n in range(100))
    assert Counter(Path(log).read_text().splitlines()) == expected


class DiesOnce(IterativePE):
    stateless = True

    def __init__(self, flag, whom=os.getpid):
        super().__init__()
        self.flag = flag
        self.whom = whom

    def _process(self, data):
        if data == 7 and first_time(self.flag):
            os.kill(self.whom(), signal.SIGKILL)
        return data


def test_a_process_that_dies_is_replaced_and_nothing_is_lost(watch, tmp_path):
    ran = watch(linear(Numbers(50), DiesOnce(str(tmp_path / "flag"))))
    assert sorted(ran.results["DiesOnce", "output"]) == list(range(50))
    assert [event["pe"] for event in ran.told("died")] == ["DiesOnce"]
    assert ran.status == 0


def test_when_a_worker_of_spark_is_killed_its_task_runs_again(watch, tmp_path):
    ran = watch(linear(Numbers(50), DiesOnce(str(tmp_path / "flag"), os.getppid), Total()))
    assert ran.results == {("Total", "output"): [sum(range(50))]}
    assert (tmp_path / "flag").exists()
    assert ran.status == 0


class Poisoned(IterativePE):
    stateless = True
    on_failure = "dead-letter"

    def _process(self, data):
        if data == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        return data


def test_the_item_that_kills_twice_is_a_dead_letter_and_its_neighbours_live(watch):
    ran = watch(linear(Numbers(50), Poisoned()))
    assert sorted(ran.results["Poisoned", "output"]) == [n for n in range(50) if n != 7]
    assert [(failure["pe"], failure["item"], failure["policy"]) for failure in ran.failures] == [
        ("Poisoned", "7", "dead-letter")
    ]
    assert ran.status == 3


class DiesWithState(Total):
    def __init__(self, flag):
        super().__init__()
        self.flag = flag

    def _process(self, data):
        super()._process(data)
        time.sleep(0.01)  # so that its batches are answered one by one, and not all at the end
        if data == 49 and first_time(self.flag):
            os.kill(os.getpid(), signal.SIGKILL)


def test_when_state_is_lost_the_run_begins_again_once_and_says_so(watch, tmp_path):
    """When it dies, earlier batches have been answered: what they came to is nowhere else."""
    source = Numbers(50)
    source.batch = {"items": 10}
    ran = watch(linear(source, DiesWithState(str(tmp_path / "flag"))))
    assert ran.results == {("DiesWithState", "output"): [sum(range(50))]}
    assert [event["then"] for event in ran.told("lost")] == ["begins again"]
    assert ran.status == 0


class Raises(IterativePE):
    def _process(self, data):
        raise ValueError(f"cannot take {data}")


class Endures(ProducerPE):
    """Would go on for longer than any test."""

    def __init__(self, pid_file):
        super().__init__()
        self.pid_file = pid_file

    def _process(self, inputs):
        Path(self.pid_file).write_text(str(os.getpid()))
        for number in range(36_000):
            self.write("output", number)
            self.wait(0.1)


def ended(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


class Waits(Numbers):
    """Goes on when a file is there."""

    def __init__(self, count, path):
        super().__init__(count)
        self.path = path

    def _process(self, inputs):
        while not os.path.exists(self.path):
            self.wait(0.01)
        yield from range(self.count)


def test_a_failure_that_stops_the_run_waits_for_no_other_stage(watch, tmp_path):
    pid = str(tmp_path / "pid")
    graph = linear(Waits(1, pid), Raises())
    graph.connect(Endures(pid), "output", Total(), "input")
    ran = watch(graph)
    assert [(failure["pe"], failure["item"]) for failure in ran.failures] == [("Raises", "0")]
    assert "cannot take 0" in ran.failures[0]["traceback"]
    assert ran.status == 1
    while not ended(int(Path(pid).read_text())):
        time.sleep(0.05)


class StopWhen:
    def __init__(self, path):
        self.path = path

    @property
    def requested(self):
        return os.path.exists(self.path)


def test_a_stop_ends_sources_and_drains(watch, tmp_path):
    pid = str(tmp_path / "pid")
    ran = watch(linear(Endures(pid), Noted(None), Total()), StopWhen(pid))
    written = ran.counts["Endures"]["out"]
    assert written > 0
    assert ran.results == {("Total", "output"): [sum(range(written))]}
    assert ran.status == 0


def test_items_that_no_codec_takes_fail_by_themselves(watch):
    class Odd(Numbers):
        on_failure = "skip"

        def _process(self, inputs):
            for number in range(10):
                self.write("output", object() if number % 2 else number)

    ran = watch(linear(Odd(10), Total()))
    assert ran.results == {("Total", "output"): [sum(range(0, 10, 2))]}
    assert ran.failed == 5


def test_an_endless_source_is_refused_by_name(watch):
    class Ticks(Numbers):
        endless = True

    with pytest.raises(WrongInput, match="Ticks is endless.* Say --mode dstream"):
        watch(linear(Ticks(1), Total()), how=Spark("batch"))


def test_a_context_of_another_cluster_is_refused_by_name(spark, watch, monkeypatch):
    monkeypatch.setattr(spark, "master", "spark://elsewhere:7077")
    ran = watch(linear(Numbers(3), Total()))
    assert [error["kind"] for error in ran.errors] == ["input"]
    assert "a SparkContext on spark://elsewhere:7077" in ran.errors[0]["text"]
    assert ran.status == 2


TWO = """
import sferic

graph, double = sferic.WorkflowGraph(), sferic.SimpleFunctionPE(lambda n: 2 * n)
graph.add(double)
print(sferic.run(graph, {double: [{"input": 1}, {"input": 2}]}, on="spark")[double]["output"])
"""


def test_a_run_takes_its_own_interpreter_whatever_is_first_on_path(tmp_path):
    """As it is where .venv/bin/sferic is called and no environment is activated."""
    other = tmp_path / "bin" / "python3"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\nexit 9\n")
    other.chmod(0o755)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYSPARK_")}
    env["PATH"] = f"{other.parent}:{env['PATH']}"
    script = tmp_path / "two.py"
    script.write_text(TWO)
    done = subprocess.run([sys.executable, script], check=False, env=env, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "[2, 4]\n"), done

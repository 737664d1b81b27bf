"""Stream jobs when things go wrong: state and batches are exact whatever dies, and a stop drains."""

import os
import signal
import socket
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from sferic import IterativePE, ProducerPE, WorkflowGraph, every
from sferic.launch import Spark

STREAM = Spark("dstream", interval=0.2)


def linear(*pes):
    graph = WorkflowGraph("streamed")
    for before, after in zip(pes, pes[1:], strict=False):
        graph.connect(before, "output", after, "input")
    return graph


def first_time(path):
    """True for the first process that asks."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def seen(path):
    return os.path.exists(path)


def note(path, line):
    with open(path, "a") as file:
        file.write(f"{line}\n")


class Numbers(ProducerPE):
    """Gives numbers one after the other; knows its position."""

    def __init__(self, count):
        super().__init__()
        self.count = count

    def read(self, position):
        for number in range(position or 0, self.count):
            yield number, number + 1


class Stepwise(Numbers):
    """Half of them, then none before there is a file: they come in two supersteps at least."""

    def __init__(self, count, path):
        super().__init__(count)
        self.path = path

    def read(self, position):
        for number in range(position or 0, self.count):
            while number >= self.count // 2 and not seen(self.path):
                self.wait(0.01)
            yield number, number + 1


class Forgetful(ProducerPE):
    """Knows no position."""

    def __init__(self, count, flag=None):
        super().__init__()
        self.count = count
        self.flag = flag

    def _process(self, inputs):
        for number in range(self.count):
            if number == self.count // 2 and self.flag and first_time(self.flag):
                os.kill(os.getpid(), signal.SIGKILL)
            yield number


class Noted(IterativePE):
    stateless = True

    def __init__(self, log):
        super().__init__()
        self.log_file = log

    def _process(self, data):
        note(self.log_file, data)
        return data


class Total(IterativePE):
    """The sum; makes a file when half of `count` are there, which is after an earlier superstep."""

    def __init__(self, half=None, path=None):
        super().__init__()
        self.total = self.seen = 0
        self.half = half
        self.path = path

    def _process(self, data):
        self.total += data
        self.seen += 1
        if self.seen == self.half:
            Path(self.path).touch()

    def _postprocess(self):
        self.write("output", self.total)


class DiesOnce(Total):
    """At the last item but one; `whom` dies: this process, or the one that holds it."""

    def __init__(self, half, path, flag, last, whom):
        super().__init__(half, path)
        self.flag = flag
        self.last = last
        self.whom = whom

    def _process(self, data):
        if data == self.last and first_time(self.flag):
            os.kill(self.whom(), signal.SIGKILL)
        super()._process(data)


def test_where_a_stream_forks_nothing_runs_twice(watch, tmp_path):
    log = str(tmp_path / "log")
    graph = WorkflowGraph("forked")
    source, fork = Numbers(100), Noted(log)
    graph.connect(source, "output", fork, "input")
    for _ in range(3):
        graph.connect(fork, "output", Total(), "input")
    ran = watch(graph, how=STREAM)
    assert ran.results == {(f"Total{n}", "output"): [sum(range(100))] for n in ("", 2, 3)}
    assert Counter(Path(log).read_text().splitlines()) == Counter(map(str, range(100)))
    assert ran.counts["Noted"] == {"in": 100, "out": 100, "failed": 0, "retried": 0}
    assert ran.status == 0


@pytest.mark.parametrize("whom", [os.getpid, os.getppid], ids=["its process", "the one that holds it"])
def test_state_outlives_what_dies(watch, tmp_path, whom):
    """When it dies, an earlier superstep has been kept: what comes of it is neither lost nor counted twice."""
    half, flag = str(tmp_path / "half"), str(tmp_path / "flag")
    ran = watch(linear(Stepwise(100, half), DiesOnce(50, half, flag, 98, whom)), how=STREAM)
    assert seen(flag)
    assert ran.results == {("DiesOnce", "output"): [sum(range(100))]}
    assert not ran.told("lost")
    assert ran.counts["DiesOnce"]["in"] == 100
    assert ran.status == 0


def test_spark_s_pages_name_supersteps_and_what_still_goes_on(watch, spark):
    def jobs():
        found = spark._jsc.sc().statusStore().jobsList(None)
        return {found.apply(number).jobId(): found.apply(number) for number in range(found.size())}

    before = max(jobs(), default=-1)
    assert watch(linear(Numbers(100), Total()), how=STREAM).status == 0
    done = [job for number, job in jobs().items() if number > before]
    supersteps = {job.description().get() for job in done if job.description().isDefined()}
    assert "superstep 1 of Numbers, Total" in supersteps
    assert any(name.endswith(" of Total") for name in supersteps)
    assert supersteps <= {job.name() for job in done}, "stages have Spark's name for the place in the code"


def test_a_source_that_knows_no_position_begins_again_once_and_says_so(watch, tmp_path):
    ran = watch(linear(Forgetful(50, str(tmp_path / "flag")), Total()), how=STREAM)
    assert ran.results == {("Total", "output"): [sum(range(50))]}
    assert [event["then"] for event in ran.told("lost")] == ["begins again"]
    assert ran.status == 0


class LooksOn:
    """Is asked some ten times a second whether to stop; makes a file a while after another one is there."""

    def __init__(self, seen_first, then):
        self.seen_first = seen_first
        self.then = then
        self.left = 30

    @property
    def requested(self):
        self.left -= seen(self.seen_first)
        if self.left == 0:
            Path(self.then).touch()
        return False


def test_a_source_that_gives_nothing_for_a_while_is_heard_when_it_does(watch, tmp_path):
    half, then = str(tmp_path / "half"), str(tmp_path / "then")
    ran = watch(linear(Stepwise(50, then), Total(25, half)), LooksOn(half, then), how=STREAM)
    assert ran.results == {("Total", "output"): [sum(range(50))]}
    assert ran.status == 0


class Poisoned(Total):
    on_failure = "dead-letter"

    def _process(self, data):
        if data == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        if data == 9:
            raise ValueError("no nine")
        super()._process(data)


def test_the_item_that_kills_twice_is_a_dead_letter_and_its_neighbours_live(watch):
    ran = watch(linear(Numbers(50), Poisoned()), how=STREAM)
    assert ran.results == {("Poisoned", "output"): [sum(range(50)) - 7 - 9]}
    assert sorted((failure["item"], failure["policy"]) for failure in ran.failures) == [
        ("7", "dead-letter"),
        ("9", "dead-letter"),
    ]
    assert ran.status == 3


class KeepsSocket(Total):
    def _process(self, data):
        self.link = socket.socket()


def test_what_cannot_be_kept_ends_the_run_and_is_named(watch):
    ran = watch(linear(Endless(0), KeepsSocket()), how=STREAM)
    assert ["KeepsSocket.link cannot be kept (socket: " in error["text"] for error in ran.errors] == [True]
    assert ran.status == 1


class Raises(IterativePE):
    def _process(self, data):
        raise ValueError(f"cannot take {data}")


class Endless(Numbers):
    endless = True

    def read(self, position):
        number = position or 0
        while True:
            yield number, number + 1
            number += 1
            self.wait(0.001)


def test_a_failure_that_stops_the_run_waits_for_no_source(watch):
    graph = linear(Numbers(1), Raises())
    graph.connect(Endless(0), "output", Total(), "input")
    ran = watch(graph, how=STREAM)
    assert [(failure["pe"], failure["item"]) for failure in ran.failures] == [("Raises", "0")]
    assert ran.status == 1


class StopWhen:
    def __init__(self, *paths):
        self.paths = paths

    @property
    def requested(self):
        return all(map(seen, self.paths))


class Sums(Total):
    """Says after each item what it is, and is asked every now and then."""

    def __init__(self, half, path, asked):
        super().__init__(half, path)
        self.asked = asked

    @every(0.05)
    def ask(self):
        Path(self.asked).touch()
        self.write("output", "asked")


def test_a_stop_drains_and_the_next_run_goes_on_where_the_sources_were(watch, tmp_path):
    how = replace(STREAM, mode=None, checkpoint=str(tmp_path / "kept"))
    first = None
    for number in range(2):
        half, asked = str(tmp_path / f"half{number}"), str(tmp_path / f"asked{number}")
        ran = watch(linear(Endless(0), Sums(20, half, asked)), StopWhen(half, asked), how=how)
        *ticks, total = ran.results["Sums", "output"]
        assert ticks == ["asked"] * len(ticks)
        assert ticks
        count = ran.counts["Endless"]["out"]
        assert count >= 20
        begun = 0 if first is None else first
        assert total == sum(range(begun, begun + count))  # postprocess had all that the source gave, and only that
        assert ran.status == 0
        first = begun + count


def test_a_checkpoint_of_another_plan_is_refused_with_the_way_out(watch, tmp_path):
    how = replace(STREAM, checkpoint=str(tmp_path / "kept"))
    assert watch(linear(Numbers(1), Raises()), how=how).status == 1
    ran = watch(linear(Numbers(1), Noted(None), Raises()), how=how)
    (error,) = ran.errors
    assert f"the checkpoint in {tmp_path / 'kept'} is of another plan" in error["text"]
    assert "another --checkpoint, or after removing that folder" in error["text"]
    assert ran.status == 2


def test_no_process_is_left_when_a_run_is_over(watch, tmp_path):
    log = tmp_path / "log"
    watch(linear(Numbers(1), PidOf(str(log)), Raises()), how=STREAM)
    for pid in map(int, log.read_text().split()):
        while not ended(pid):
            time.sleep(0.05)


class PidOf(IterativePE):
    def __init__(self, log):
        super().__init__()
        self.log_file = log

    def _process(self, data):
        note(self.log_file, os.getpid())
        note(self.log_file, os.getppid())
        return data


def ended(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

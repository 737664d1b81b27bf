"""A source whose process is replaced: what its predecessor sent, was told, and was asked stays true."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

import sferic
from sferic.cli import main

TARGETS = ["multi", "storm"]


class Dies(sferic.ProducerPE):
    """Sends two items that take long, is killed, goes on with quick ones; notes what it was told is committed."""

    def __init__(self, folder):
        super().__init__()
        self.folder = Path(folder)

    def read(self, position):
        for number in range(position or 0, 8):
            if number == 3 and not (self.folder / "died").exists():
                (self.folder / "died").touch()
                while not (self.folder / "began").exists():
                    self.wait(0.01)
                os.kill(os.getpid(), signal.SIGKILL)
            yield number, number + 1

    def committed(self, position):
        with (self.folder / "log").open("a") as log:
            log.write(f"committed {position}\n")


class Slow(sferic.IterativePE):
    """The first item waits until the last one is through at the other instance."""

    numprocesses = 2
    stateless = True

    def __init__(self, folder):
        super().__init__()
        self.folder = Path(folder)
        self.inputconnections["input"]["grouping"] = lambda number: number < 1

    def _process(self, number):
        if number == 0:
            (self.folder / "began").touch()
            until = time.monotonic() + 30
            while not (self.folder / "last").exists() and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(0.3)  # for a wrong word to be told meanwhile; a right one is not there yet
        with (self.folder / "log").open("a") as log:
            log.write(f"processed {number}\n")
        if number == 7:
            (self.folder / "last").touch()


@pytest.mark.parametrize("on", TARGETS)
def test_nothing_is_committed_before_what_a_predecessor_sent_is_processed(on, tmp_path):
    graph = sferic.WorkflowGraph()
    graph.connect(Dies(tmp_path), "output", Slow(tmp_path), "input")
    sferic.run(graph, on=on, fuse="none")
    log = (tmp_path / "log").read_text().split("\n")
    assert {f"processed {number}" for number in range(8)} <= set(log)
    commits = [index for index, line in enumerate(log) if line.startswith("committed")]
    assert commits and min(commits) > log.index("processed 0")
    assert log[commits[-1]] == "committed 8"


ENDLESS = """
import os, signal
from pathlib import Path
from sferic import IterativePE, ProducerPE, WorkflowGraph
HERE = Path({folder!r})
class Forever(ProducerPE):
    endless = True
    def read(self, position):
        number = position or 0
        try:
            while True:
                self.wait(0.01)
                number += 1
                yield number, number
        finally:
            if not (HERE / "died").exists():
                (HERE / "died").touch()
                os.kill(os.getpid(), signal.SIGKILL)
class Note(IterativePE):
    stateless = True
    def _process(self, data):
        (HERE / "flows").touch()
graph = WorkflowGraph()
graph.connect(Forever(), "output", Note(), "input")
"""


@pytest.mark.parametrize("on", TARGETS)
def test_a_replaced_source_is_asked_to_stop_again(on, tmp_path):
    (tmp_path / "w.py").write_text(ENDLESS.format(folder=str(tmp_path)))
    command = multiprocessing.get_context("spawn").Process(target=_run, args=(str(tmp_path / "w.py"), on))
    command.start()
    until = time.monotonic() + 60
    while not (tmp_path / "flows").exists():
        assert command.is_alive() and time.monotonic() < until
        time.sleep(0.02)
    os.kill(command.pid, signal.SIGTERM)
    command.join(40)
    alive = command.is_alive()
    if alive:
        command.kill()
    assert not alive and command.exitcode == 130
    assert (tmp_path / "died").exists()


def _run(path, on):
    sys.argv = ["sferic", "run", path, "--on", on, "--fuse", "none"]
    main()


class HasHelper(sferic.IterativePE):
    """Starts a process of its own, which keeps its pipes open when it dies."""

    stateless = True
    on_failure = "skip"

    def _preprocess(self):
        self.helper = multiprocessing.get_context("fork").Process(target=threading.Event().wait)
        self.helper.start()

    def _process(self, data):
        if data == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return data

    def _postprocess(self):
        self.helper.kill()


class Three(sferic.ProducerPE):
    def _process(self, inputs):
        yield from range(3)


@pytest.mark.parametrize("on", TARGETS)
def test_a_process_that_started_others_is_replaced_when_it_dies(on):
    graph, pe = sferic.WorkflowGraph(), HasHelper()
    graph.connect(Three(), "output", pe, "input")
    results = sferic.run(graph, on=on, fuse="none")
    assert results[pe]["output"] == [0, 2]
    assert len(results.failures) == 1

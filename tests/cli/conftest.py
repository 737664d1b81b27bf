"""The command, as its users meet it: a process of its own in a folder of their files."""

import subprocess
import sys

import pytest

WORKFLOW = """
import time

from sferic import ConsumerPE, IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def _process(self, inputs):
        self.write("output", 7)


class Same(IterativePE):
    stateless = True

    def _process(self, data):
        return data


class Picky(IterativePE):
    def _process(self, data):
        if data == 7:
            raise ValueError("not seven")
        return data


class Strange(IterativePE):
    stateless = True

    def _process(self, data):
        return object()


class Forever(ProducerPE):
    endless = True

    def _process(self, inputs):
        number = 0
        while True:
            number += 1
            self.write("output", number)
            if number == 3:
                self.log("three are out")
            time.sleep(0.001)


class Positions(ProducerPE):
    def read(self, position):
        yield 1, 1


class Last(IterativePE):
    def _process(self, data):
        self.seen = data

    def _postprocess(self):
        self.write("output", self.seen > 2)


def line(*pes):
    graph = WorkflowGraph("w")
    graph.add(pes[0])
    for source, target in zip(pes, pes[1:]):
        graph.connect(source, "output", target, "input")
    return graph


def good(name="numbers", times: int = 1):
    source = Numbers()
    source.name = name
    graph = line(source, Same())
    return graph


def picky():
    return line(Numbers(), Picky())


def strange():
    return line(Numbers(), Strange(), Same())


def endless():
    return line(Forever(), Last())


def positions():
    return line(Positions(), Same())


def rooted():
    return line(Same())


def wrong():
    return line(Numbers(), Numbers())
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "w.py").write_text(WORKFLOW)
    return tmp_path


@pytest.fixture
def sferic(folder):
    """`sferic(*arguments)`: the ended process, its output as text."""

    def run(*arguments, **options):
        command = [sys.executable, "-m", "sferic.cli", *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **options)

    return run

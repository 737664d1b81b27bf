"""Numerical libraries share the cores of a machine among the processes of a run."""

import os

import numpy
import pytest

import sferic
from sferic.runtime.threads import share_cores

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class Once(sferic.ProducerPE):
    def _process(self, inputs):
        self.write("output", 0)


class Multiplies(sferic.IterativePE):
    """(variables, threads that a product of matrices starts)."""

    def __init__(self, instances):
        super().__init__()
        self.numprocesses = instances

    def _process(self, data):
        before = len(os.listdir("/proc/self/task"))
        matrix = numpy.ones((600, 600))
        matrix @ matrix
        return ([os.environ.get(name) for name in VARIABLES], len(os.listdir("/proc/self/task")) - before)


def used(on, instances):
    graph = sferic.WorkflowGraph()
    multiplies = Multiplies(instances)
    graph.connect(Once(), "output", multiplies, "input")
    return sferic.run(graph, on=on)[multiplies]["output"]


@pytest.mark.parametrize("on", ["multi", "storm"])
def test_each_process_takes_its_share(on, monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    numpy.ones((600, 600)) @ numpy.ones((600, 600))  # so that a forked process has the library and its setting
    instances = len(os.sched_getaffinity(0)) // 2 + 1  # with the source more than half of the cores: one thread each
    assert used(on, instances) == [(["1"] * 4, 0)]
    assert [os.environ.get(name) for name in VARIABLES] == [None] * 4


def test_what_the_user_set_stays(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    assert used("multi", 2)[0][0][:3:2] == ["5", None]


def test_one_library_may_be_set_apart():
    environment = {"MKL_NUM_THREADS": "3"}
    share_cores(1000, environment)
    assert environment["MKL_NUM_THREADS"] == "3"
    assert environment["OMP_NUM_THREADS"] == environment["OPENBLAS_NUM_THREADS"] == "1"


def test_a_machine_to_oneself():
    environment = {}
    share_cores(1, environment)
    assert environment["OMP_NUM_THREADS"] == str(len(os.sched_getaffinity(0)))

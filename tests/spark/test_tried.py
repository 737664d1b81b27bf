"""A job of Spark's whose worker dies, where Spark itself tries nothing twice."""

from types import SimpleNamespace

import pytest

from sferic.runtime.spark.driver import tried

CRASHED = "Job aborted due to stage failure: Task 0 in stage 1.0 failed 1 times, … Python worker exited unexpectedly"
RAISED = "Job aborted due to stage failure: Task 0 in stage 1.0 failed 1 times, … api.python.PythonException: Traceback"
CANCELLED = "[SPARK_JOB_CANCELLED] Job 3 cancelled part of cancelled job group sferic"


class Thrown(Exception):
    def __init__(self, said):
        self.java_exception = said


def tries(master, *said):
    """How often a job is tried that fails with these words, one after the other, and then does not."""
    left, made = list(said), []

    def job():
        made.append(1)
        if left:
            raise Thrown(left.pop(0))
        return "done"

    try:
        assert tried(SimpleNamespace(master=master), job) == "done"
    except Thrown:
        return -len(made)
    return len(made)


@pytest.mark.parametrize("master", ["local", "local[2]", "local[*]"])
def test_on_one_machine_the_driver_tries_as_often_as_a_cluster_would(master):
    assert tries(master) == 1
    assert tries(master, CRASHED, CRASHED, CRASHED) == 4
    assert tries(master, *[CRASHED] * 4) == -4


@pytest.mark.parametrize("master", ["spark://one:7077", "local[2,4]", "local-cluster[2,1,1024]", "yarn"])
def test_where_spark_does_so_itself_the_driver_does_not(master):
    assert tries(master, CRASHED) == -1


def test_what_would_come_again_and_what_was_asked_for_is_not_tried_again():
    assert tries("local[2]", RAISED) == -1
    assert tries("local[2]", CRASHED, RAISED) == -2
    assert tries("local[2]", CANCELLED) == -1

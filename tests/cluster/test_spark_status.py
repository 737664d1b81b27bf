"""What is said of a Spark job's driver, for people."""

import pytest

from sferic.cluster.spark_status import JOB

SAID = {
    "name": "words",
    "id": "app-1",
    "status": "running",
    "exit": None,
    "uptime": 60,
    "master": "spark://127.0.0.1:7077",
    "mode": "dstream",
    "version": "0.1",
    "plan": "0123456789abcdef",
    "driver": 4711,
    "restarts": 0,
    "why": "",
    "stages": {},
}


@pytest.mark.parametrize(
    ("changed", "driver"),
    [
        ({}, ["  driver: process 4711"]),
        (
            {"restarts": 1, "why": "killed by signal 9"},
            ["  driver: process 4711, started again 1 time: killed by signal 9"],
        ),
        ({"driver": None, "restarts": 2}, ["  driver: none at the moment, started again 2 times"]),
        ({"driver": None, "restarts": 2, "status": "ended", "exit": 0}, ["  driver: started again 2 times"]),
        ({"driver": None, "status": "ended", "exit": 0}, []),
        ({"driver": None, "status": "submitted"}, []),
    ],
)
def test_a_driver_that_is_over_is_not_said_to_be_missing(changed, driver):
    lines = list(JOB.head({**SAID, **changed}))
    assert [line for line in lines if "driver" in line] == driver

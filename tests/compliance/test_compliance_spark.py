"""The same cases as Spark jobs: many in one job, all jobs on one Spark."""

import pytest

from .test_compliance import CASES, groups

TOGETHER = 6  # cases that share one job


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_case_as_a_batch_job(case, spark):
    groups("spark", TOGETHER)[case].check(case)


STREAMED_TOGETHER = 12


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_case_as_a_dstream_job(case, spark):
    groups("spark", STREAMED_TOGETHER, mode="dstream")[case].check(case)

"""The same cases as Spark jobs: many in one job, all jobs on one Spark."""

import pytest

from sferic.runtime.spark.local import local_context

from .test_compliance import CASES, groups

TOGETHER = 12  # cases that share one job


@pytest.fixture(scope="module", autouse=True)
def spark(tmp_path_factory):
    with local_context(tmp_path_factory.mktemp("spark")) as sc:
        yield sc


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_case_as_a_batch_job(case):
    groups("spark", TOGETHER)[case].check(case)

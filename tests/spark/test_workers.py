"""Spark's Python workers talk over Unix sockets where that can be, and collect no garbage that is none."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest
from pyspark import SparkConf

from sferic.cluster.spark_install import spark_environment
from sferic.runtime.spark.workers import UNIX_SOCKETS, over_unix_sockets, settle

ENABLED = f"{UNIX_SOCKETS}.enabled"


@pytest.mark.parametrize(
    ("said", "folder", "enabled"),
    [
        ({}, "/tmp/run", "true"),
        ({"spark.master": "spark://here:7077"}, None, "true"),
        ({"spark.master": "yarn"}, None, None),
        ({ENABLED: "false"}, None, "false"),
        ({}, "/scratch" * 8, "true"),
    ],
)
def test_where_names_are_short_enough_and_nothing_else_was_said(said, folder, enabled):
    conf = SparkConf(loadDefaults=False)
    for name, value in said.items():
        conf.set(name, value)
    made = over_unix_sockets(conf, folder)
    assert made.get(ENABLED) == enabled
    assert made.get(f"{UNIX_SOCKETS}.dir") == (folder if folder == "/tmp/run" else None)


def test_workers_do(spark):
    seen = spark.parallelize(range(2), 2).map(lambda _: os.environ["PYTHON_UNIX_DOMAIN_ENABLED"]).collect()
    assert seen == ["True", "True"]


JOB = """
from pyspark import SparkContext
from sferic.runtime.spark.workers import job_conf
with SparkContext(conf=job_conf("named")) as sc:
    print("conf:", sc.appName, sc.getConf().get("spark.python.unix.domain.socket.enabled"))
"""


@pytest.mark.parametrize("said", ["true", "false"])
def test_a_submitted_job_takes_what_spark_submit_was_given(tmp_path, said):
    (tmp_path / "job.py").write_text(JOB)
    submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    given = [] if said == "true" else ["--conf", f"{ENABLED}=false"]
    command = [submit, "--master", "local[1]", "--conf", "spark.ui.enabled=false", *given, tmp_path / "job.py"]
    env = spark_environment(loopback=True) | {"PYTHONPATH": str(Path(sys.modules["sferic"].__file__).parents[1])}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert f"conf: named {said}" in done.stdout, done.stderr


def test_what_a_worker_has_imported_is_no_garbage(spark):
    def look(_):
        settle()
        first = gc.get_freeze_count()
        settle()
        return [(first, gc.get_freeze_count())]

    ((first, second),) = spark.parallelize([0], 1).mapPartitions(look).collect()
    assert first > 1000
    assert second == first, "once a worker: what comes later may be garbage"

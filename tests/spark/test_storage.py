"""What a superstep tells is what it has left, whatever was lost between the two."""

import random

import pytest

from sferic.runtime.spark.storage import written


@pytest.fixture
def parts(spark, tmp_path):
    """Two numbers, other ones each time that they are computed; and how often a part was."""
    spark.setCheckpointDir(str(tmp_path))
    made = spark.accumulator(0)

    def part(_):
        made.add(1)
        return [random.getrandbits(64)]

    return spark.parallelize(range(2), 2).mapPartitions(part), made


def left(spark, rdd):
    return spark._checkpointFile(rdd.getCheckpointFile(), spark.serializer).collect()


def test_each_part_is_computed_once_and_told_as_it_is_left(spark, parts):
    rdd, made = parts
    assert written(rdd, made, list) == left(spark, rdd)
    assert made.value == 2


def test_what_was_lost_before_it_was_written_is_told_as_it_was_then(spark, parts, monkeypatch):
    rdd, made = parts
    monkeypatch.setattr(type(rdd), "persist", lambda self, level: self)  # so that writing computes all again
    assert written(rdd, made, list) == left(spark, rdd)
    assert made.value == 4

"""What a superstep tells is what it has left, whatever was lost between the two."""

import random

import pytest

from sferic.runtime.spark.storage import Made, collected, written


@pytest.fixture
def parts(spark, tmp_path):
    """Two numbers, other ones each time that they are computed; and how often a part was."""
    spark.setCheckpointDir(str(tmp_path))
    made = Made(spark)

    def part(_):
        made.add("in")
        return [random.getrandbits(64)]

    return spark.parallelize(range(2), 2).mapPartitions(part), made


def left(spark, rdd):
    return spark._checkpointFile(rdd.getCheckpointFile(), spark.serializer).collect()


def test_each_part_is_computed_once_and_told_as_it_is_left(spark, parts):
    rdd, made = parts
    assert written(rdd, made, list) == left(spark, rdd)
    assert made.once(2)


def test_what_was_lost_before_it_was_written_is_told_as_it_was_then(spark, parts, monkeypatch):
    rdd, made = parts
    monkeypatch.setattr(type(rdd), "persist", lambda self, level: self)  # so that writing computes all again
    assert written(rdd, made, list) == left(spark, rdd)
    assert not made.once(2)


def counted(made, *sides):
    made.forget()
    for side, part in sides:
        made._counts.add({(side, part): 1})
    return made.once(2)


def test_once_is_each_part_once_and_nothing_twice_that_goes_into_them(spark):
    made = Made(spark)
    whole = ("in", 0), ("in", 1)
    assert counted(made, *whole)
    assert counted(made, *whole, ("out", 0), ("out", 1))
    assert not counted(made, *whole, ("in", 1)), "lost, and computed again"
    assert not counted(made, ("in", 0), ("in", 0)), "one is not counted, and another one twice"
    assert not counted(made, *whole, ("out", 0), ("out", 0)), "a second attempt at the stage"


def test_what_is_collected_comes_whole_and_in_order(spark):
    rdd = spark.parallelize(range(10_000), 3)
    assert collected(rdd, list) == list(range(10_000))
    assert collected(rdd, lambda part: []) == []


def test_months_of_it_leave_nothing_in_the_jvm(spark):
    jvm = spark._jvm
    field = jvm.java.lang.Class.forName("java.io.DeleteOnExitHook").getDeclaredField("files")
    field.setAccessible(True)
    rdd = spark.parallelize(range(4), 2).cache()

    def names():
        return field.get(None).size()

    before = names()
    rdd.collect()
    assert names() > before, "PySpark's own way leaves none any more: it would do"
    before = names()
    collected(rdd, list)
    assert names() == before

"""Aggregates that come with the product."""

from sferic.runtime.aggregates import (
    AveragePE,
    CountPE,
    MaxPE,
    MinPE,
    StdDevPE,
    SumPE,
    parallel_avg,
    parallel_count,
    parallel_max,
    parallel_min,
    parallel_std_dev,
    parallel_sum,
)

__all__ = [
    "AveragePE",
    "CountPE",
    "MaxPE",
    "MinPE",
    "StdDevPE",
    "SumPE",
    "parallel_avg",
    "parallel_count",
    "parallel_max",
    "parallel_min",
    "parallel_std_dev",
    "parallel_sum",
]

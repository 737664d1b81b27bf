"""Blobs of several workers put together: sums of what was done, the last of what is."""

import json

from sferic.cluster.counts import rows


def test_sums_and_the_last_of_each_instance():
    before = {
        "P": {
            "in": 5,
            "failed": 1,
            "instances": {
                "0": {"at": 10, "memory_bytes": 900, "cpu_seconds": 9.0, "queued_bytes": 70},
                "1": {
                    "at": 30,
                    "memory_bytes": 100,
                    "cpu_seconds": 1.5,
                    "latency_ms": 8,
                    "latency_p99_ms": 9,
                    "batches": 1,
                },
            },
        },
        "Q": {"in": 1},
    }
    after = {
        "P": {
            "in": 7,
            "lost": 1,
            "instances": {
                "0": {
                    "at": 20,
                    "memory_bytes": 200,
                    "cpu_seconds": 0.5,
                    "queued_bytes": 3,
                    "latency_ms": 2,
                    "latency_p99_ms": 4,
                    "batches": 5,
                }
            },
        }
    }
    told = [json.dumps(before).encode(), b"", json.dumps(after).encode()]
    expected = {
        "in": 12,
        "failed": 1,
        "lost": 1,
        "memory_bytes": 300,
        "cpu_seconds": 2.0,
        "queued_bytes": 3,
        "latency_ms": 3.0,  # (8 × 1 + 2 × 5) ÷ 6
        "latency_p99_ms": 9,
    }
    assert rows(told) == rows(reversed(told)) == {"P": expected, "Q": {"in": 1}}

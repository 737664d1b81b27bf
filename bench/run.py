"""`python bench/run.py [--only ROW]`: measures, prints a table, writes bench/results.json."""

import argparse
import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from harness import Row, say, write

ROWS = {
    "compile-scale": "rows.compile_scale",
    "child-memory": "rows.child_memory",
    "storm-start": "rows.storm_start",
    "storm-words": "rows.storm_words",
    "storm-cpu": "rows.storm_cpu",
    "storm-latency": "rows.storm_latency",
    "storm-arrays": "rows.storm_arrays",
    "storm-recovery": "rows.storm_recovery",
    "spark-words": "rows.spark_words",
    "spark-stream": "rows.spark_stream",
    "spark-stream-unfused": "rows.spark_stream:unfused",
    "spark-empty": "rows.spark_empty",
    "spark-items": "rows.spark_items",
    "target-start": "rows.targets:start",
    "target-latency": "rows.targets:latency",
    "target-words": "rows.targets:speed",
    "local-items": "rows.local_items",
    "d4py-files": "rows.d4py_files",
}
APART = {"cluster-faults": "rows.cluster_faults"}  # a quarter of an hour: only when it is named

TITLES = ("row", "peer", "peer's", "ours", "unit", "ratio", "bar", "reached", "spread of ours")


def table(rows: list[Row]) -> str:
    """Aligned text, as wide as it needs to be."""
    cells = [TITLES, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]
    return "\n".join([lines[0], "  ".join("─" * width for width in widths), *lines[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    peer = "" if row.peer_value is None else _number(row.peer_value)
    ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
    reached = {True: "yes", False: "NO", None: ""}[row.reached]
    return (row.name, row.peer, peer, _number(row.ours), row.unit, ratio, row.bar, reached, row.spread)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices={**ROWS, **APART})
    only = parser.parse_args().only
    rows: list[Row] = []
    for name, place in {**ROWS, **APART}.items():
        if only == name or (only is None and name in ROWS):
            say(name)
            module, _, function = place.partition(":")
            measured: list[Row] = getattr(importlib.import_module(module), function or "measure")()
            write(measured)  # at once: a row that fails later takes none with it
            rows += measured
    print(table(rows))


if __name__ == "__main__":
    main()

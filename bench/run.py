"""`python bench/run.py [--only ROW]`: measures, prints a table, writes bench/results.json."""

import argparse
import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from harness import Row, write
from rich.console import Console
from rich.table import Table

ROWS = {
    "compile-scale": "rows.compile_scale",
    "child-memory": "rows.child_memory",
    "storm-start": "rows.storm_start",
    "local-items": "rows.local_items",
}


def show(rows: list[Row]) -> None:
    """The table."""
    table = Table("row", "peer", "peer's", "ours", "unit", "ratio", "bar", "reached", "spread of ours")
    for row in rows:
        peer = "" if row.peer_value is None else f"{row.peer_value:.4g}"
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
        reached = {True: "yes", False: "NO", None: ""}[row.reached]
        table.add_row(row.name, row.peer, peer, f"{row.ours:.4g}", row.unit, ratio, row.bar, reached, row.spread)
    Console().print(table)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=ROWS)
    only = parser.parse_args().only
    rows: list[Row] = []
    for name, module in ROWS.items():
        if only in (None, name):
            rows += importlib.import_module(module).measure()
    write(rows)
    show(rows)


if __name__ == "__main__":
    main()

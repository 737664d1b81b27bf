"""Arrays of 1 MB over one hop of a local Storm, against bytes that go through a process over two pipes."""

import subprocess
import sys
import tempfile
from pathlib import Path

from harness import FOLDER, Row, interleaved, median, say, spread
from storm_run import command_of, run, steady

COUNT = 3_000
MEGABYTE = 1 << 20
BAR = 0.25


def ours() -> float:
    """Bytes a second from the first array to the last."""
    with tempfile.TemporaryDirectory(prefix="sferic-bench-") as name:
        folder = Path(name)
        cpu = run(command_of("arrays.py", folder=folder, count=COUNT), folder, ends_itself=True)
        seconds = steady(folder, cpu).seconds
    say(f"ours: {COUNT / seconds:,.0f} MB/s")
    return COUNT * MEGABYTE / seconds


def relay() -> float:
    """Bytes a second."""
    command = [sys.executable, FOLDER / "peers" / "relay.py", str(COUNT)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    say(f"relay: {float(done.stdout) / MEGABYTE:,.0f} MB/s")
    return float(done.stdout)


def measure() -> list[Row]:
    """One row."""
    mine, raw = interleaved([ours, relay], 5)
    values = [one / MEGABYTE for one in mine]
    ratio = median(mine) / median(raw)
    peer = median(raw) / MEGABYTE
    return [
        Row(
            "storm-arrays", "raw relay", peer, median(values), "MB/s", ratio, f"≥ {BAR} ×", ratio >= BAR, spread(values)
        )
    ]

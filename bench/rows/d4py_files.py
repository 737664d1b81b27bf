"""A workflow file of dispel4py's, topologies/hashtags.py, by its mappings and by ours; all have to say the same."""

import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from harness import FOLDER, Row, interleaved, median, peer_python, spread
from rows.local_items import mpi_command

from sferic.compat import dispel4py
from sferic.runtime.compat.finder import answering
from sferic.runtime.loading import load_graph

TOPOLOGIES = FOLDER.parent / "topologies"
COPIES = 25
PROCESSES = 8  # the least that its PEs ask for
Run = tuple[float, list[str]]


def ours(on: str, inputs: dict[str, Any]) -> Run:
    """(seconds, results as sorted texts) of one run."""
    with answering():
        graph = load_graph("hashtags.py", {}, TOPOLOGIES)
        began = time.perf_counter()
        found = dispel4py.run(graph, inputs, on=on, processes=None if on == "local" else PROCESSES)
        taken = time.perf_counter() - began
    return taken, texts([item for ports in found.values() for items in ports.values() for item in items])


def theirs(python: Path, how: str, inputs: dict[str, Any]) -> Run:
    """(seconds without its start, results as sorted texts) of the same file under dispel4py."""
    number = PROCESSES + (how == "mpi")  # a process more, for the PE that keeps results
    arguments = [TOPOLOGIES / "hashtags.py", json.dumps(inputs), "statistics", how, str(number)]
    before = mpi_command(python, number) if how == "mpi" else []
    script = FOLDER / "peers" / "d4py_file.py"
    done = subprocess.run(
        [*before, python, script, *arguments], check=True, capture_output=True, text=True, timeout=180
    )
    told = json.loads(done.stdout.splitlines()[-1])
    return told["seconds"], texts(told["results"])


def texts(results: list[Any]) -> list[str]:
    """Sorted, tuples as lists."""
    return sorted(json.dumps(item) for item in results)


def measure() -> list[Row]:
    """In process against simple, multiprocess against multi and MPI; all have to say the same."""
    python = peer_python("d4py", "stream-d4py", "openmpi", "mpi4py")
    lines = (TOPOLOGIES / "tweets.jsonl").read_text(encoding="utf-8")
    hows = ("simple", "multi", "mpi")
    with tempfile.TemporaryDirectory(prefix="sferic-bench-") as folder:
        tweets = Path(folder) / "tweets.jsonl"
        tweets.write_text(lines * COPIES, encoding="utf-8")
        inputs = {"read": [{"input": str(tweets)}]}
        measures = [lambda on=on: ours(on, inputs) for on in ("local", "multi")]
        measures += [lambda how=how: theirs(python, how, inputs) for how in hows]
        runs = interleaved(measures, 3)
    said = {tuple(results) for several in runs for _, results in several}
    if len(said) != 1:
        raise SystemExit(f"the results differ: {said}")
    local, multi, *peers = ([seconds for seconds, _ in several] for several in runs)
    count = COPIES * len(lines.splitlines())
    return [
        Row(
            "d4py-files",
            f"stream-d4py {how}",
            count / median(their),
            count / median(mine),
            "tweets/s",
            median(their) / median(mine),
            "",
            None,
            spread([count / seconds for seconds in mine]),
        )
        for mine, how, their in zip((local, multi, multi), hows, peers, strict=True)
    ]

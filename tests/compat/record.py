"""Records in recorded.json what the installed dispel4py makes of the cases, for tests that must not need it.

    python -m venv peer && peer/bin/pip install stream-d4py && peer/bin/python tests/compat/record.py

and the same with dispel4py, the older line, which has a record of its own in the file.

Each run is a process of its own, which is ended after some seconds: dispel4py hangs where it is wrong.
"""

import argparse
import contextlib
import importlib.metadata
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LIMIT = 8
WAYS = ("simple", "multi", "partitioned")
PROCESSES = 7


def everything(cases, aggregates_cases):
    return {**cases.CASES, **cases.WRONGS, **cases.ERRORS, **aggregates_cases.CASES, **aggregates_cases.WRONGS}


def written(value):
    """As JSON; what it has no word for, as its text."""
    return json.loads(json.dumps(value, default=repr))


def one(name, way):
    sys.path.insert(0, str(HERE))
    import aggregates_cases
    import cases

    graph, inputs = everything(cases, aggregates_cases)[name]()[:2]
    pes = [node.obj for node in graph.graph.nodes()]
    names = {pe.id: pe.name for pe in pes}
    found = {}
    with contextlib.redirect_stdout(io.StringIO()):
        if way == "simple":
            from dispel4py.new.simple_process import process_and_return

            for pe, ports in process_and_return(graph, inputs).items():
                for port, items in ports.items():
                    found.setdefault(names[getattr(pe, "id", pe)], {}).setdefault(port, []).extend(items)
        else:
            from dispel4py.new.multi_process import STATUS_TERMINATED, process

            ids = {pe if isinstance(pe, str) else pe.id: what for pe, what in inputs.items()}
            if way == "partitioned":
                ids = {next((i for i, n in names.items() if n == pe), pe): what for pe, what in ids.items()}
            given = argparse.Namespace(num=PROCESSES, simple=way == "partitioned", results=True)
            queue = process(graph, inputs=ids, args=given)
            while (got := queue.get()) != STATUS_TERMINATED:
                pe, port, data = got
                if way == "partitioned":
                    (pe, port), items = port, data
                else:
                    items = [data]
                found.setdefault(names[pe], {}).setdefault(port, []).extend(items)
    print(json.dumps({"results": written(found)}))


def recorded(name, way):
    command = [sys.executable, __file__, name, way]
    started = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        out, err = started.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(started.pid, signal.SIGKILL)
        started.communicate()
        return {"hangs": True}
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
    if started.returncode or not out.strip():
        return {"error": err.strip().splitlines()[-1] if err.strip() else "no output"}
    return json.loads(out.splitlines()[-1])


def destinations(seed):
    """Which of four instances get some words, in a process with this hash seed: each rank of MPI has one of its own."""
    shown = (
        "from dispel4py.new.processor import GroupByCommunication as By\n"
        "to = getattr(By, 'get_destination', None) or By.getDestination\n"
        "print(*(to(By(range(4), 'input', [0]), {'input': [w]})[0] for w in 'to be or not to be'.split()))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, "-c", shown], env=environment, capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


def main():
    sys.path.insert(0, str(HERE))
    import aggregates_cases
    import cases

    all_cases = everything(cases, aggregates_cases)
    name, version = package()
    whole = {"version": version, "python": sys.version.split()[0], "cases": {}}
    for case in all_cases:
        whole["cases"][case] = {way: recorded(case, way) for way in WAYS}
        print(case, {way: next(iter(got)) for way, got in whole["cases"][case].items()}, file=sys.stderr)
    if len(whole["cases"]["many_results"]["simple"].get("results", {}).get("same", {}).get("output", ())) == 200_000:
        whole["cases"]["many_results"]["simple"] = {"results": "all"}
    whole["destinations"] = [destinations(seed) for seed in ("1", "2")]
    command = [sys.executable, "-m", "dispel4py", "simple", "there_is_no_such_file.py"]
    whole["status of a run of no file"] = subprocess.run(command, capture_output=True, check=False).returncode
    file = HERE / "recorded.json"
    packages = json.loads(file.read_text()) if file.is_file() else {}
    file.write_text(json.dumps({**packages, name: whole}, indent=1, sort_keys=True) + "\n")


def package():
    """(name, version) of the dispel4py that is installed."""
    for name in ("stream-d4py", "dispel4py"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return name, importlib.metadata.version(name)
    raise SystemExit("neither stream-d4py nor dispel4py is installed here")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        one(*sys.argv[1:])
    else:
        main()

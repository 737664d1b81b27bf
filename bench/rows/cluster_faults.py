"""What is killed with -9 on a development cluster, under load on two workers: how long nothing reaches the sink.

300 numbers a second by the clock, three stages, two sinks; ours beside streamparse's on Storm's multilang, on the same
cluster with the same settings. Daemons are started again at once by `cluster up`. The figure is the longest time
between two numbers at the sink, from the kill until a number that was due after all was up again is there.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flow import RATE, Flow, daemons, kill, workers
from harness import FOLDER, Row, median, peer_python, say, spread

from sferic.cluster import development
from sferic.cluster.home import Home
from sferic.cluster.namespace import NamespaceRefused, in_new_network
from sferic.cluster.nimbus import Nimbus, connect
from sferic.cluster.processes import Known
from sferic.cluster.topologies import find
from sferic.cluster.topologies import kill as end_topology

REPEATS = 3
QUICK = 1.5  # seconds: what a dead process may cost, and what does not touch the workers at all
_STUCK = 240.0
Victims = Callable[[Flow, Home], list[Known]]
FAULTS: dict[str, Victims] = {
    "child": lambda flow, _: flow.processes("Double"),
    "worker": lambda flow, _: [flow.worker_of("Double")],
    "supervisor": lambda _, home: daemons(home, "supervisor"),
    "nimbus": lambda _, home: daemons(home, "nimbus"),
    "zookeeper": lambda _, home: daemons(home, "zookeeper"),
    "everything": lambda flow, home: [*daemons(home), *workers(home), *flow.processes()],
}
STAY = ("supervisor", "nimbus", "zookeeper")  # what workers do without for a while


def measure() -> list[Row]:
    """Each fault in turn, ours and the peer's by turns."""
    ours: dict[str, list[float]] = {name: [] for name in FAULTS}
    theirs: dict[str, list[float]] = {name: [] for name in FAULTS}
    with tempfile.TemporaryDirectory(prefix="sferic-bench-") as where:
        os.environ["SFERIC_STATE"] = str(Path(where) / "state")  # of the commands, too
        home = development.home()
        _up(home)
        try:
            for turn in range(REPEATS):
                for name, into, submit in (("ours", ours, _ours), ("streamparse", theirs, _streamparse)):
                    _faults(home, Path(where) / f"{name}-{turn}", name, submit, into)
        finally:
            development.down(home, say)
    return [_row(name, ours[name], theirs[name]) for name in FAULTS]


def _row(name: str, ours: list[float], theirs: list[float]) -> Row:
    own, other = median(ours), median(theirs)
    bar, reached = (f"≤ {QUICK:g} s", own <= QUICK) if name in (*STAY, "child") else ("≤ streamparse's", own <= other)
    row = Row(f"fault-{name}", "streamparse", other, own, "s", own / other, bar, reached, spread(ours))
    say(f"fault-{name}: ours {own:.2f} s ({spread(ours)}), streamparse {other:.2f} s ({spread(theirs)})")
    return row


def _faults(
    home: Home, folder: Path, name: str, submit: Callable[[Home, Flow], None], into: dict[str, list[float]]
) -> None:
    folder.mkdir()
    host = "sferic/runtime/start.py" if name == "ours" else "streamparse_run"
    flow = Flow(folder, host=host)
    submit(home, flow)
    _flows(flow)
    for fault, victims in FAULTS.items():
        killed = kill(victims(flow, home))
        if development.running(home) is None:
            _up(home)
        _flows(flow)
        into[fault].append(flow.gap(killed))
        say(f"{name}, {fault}: {into[fault][-1]:.2f} s")
        _settle(home)
    with connect(_address(home)) as nimbus:
        end_topology(nimbus, find(nimbus, "flow"))


def _flows(flow: Flow) -> None:
    """Until what is due now or later is there, and two seconds more."""
    until, due = time.monotonic() + _STUCK, 0
    while not due or not flow.reached(due):
        due = due or flow.due()
        if time.monotonic() > until:
            raise AssertionError(f"it does not flow again: {flow.folder}")
        time.sleep(0.05)
    time.sleep(2)


def _settle(home: Home) -> None:
    """Until the cluster has no more to do with the last fault."""
    while development.running(home) is None:
        _up(home)
    time.sleep(3)


def _up(home: Home) -> None:
    development.up(home, say, closed=_closed())


def _closed() -> bool:
    try:
        in_new_network(lambda: None)
    except NamespaceRefused:
        return False
    return True


def _address(home: Home) -> Any:
    found = development.recorded(home)
    assert found is not None
    return found.address


def _ours(_: Home, flow: Flow) -> None:
    command = [sys.executable, "-m", "sferic.cli", "submit", *flow.options, "--name", "flow", "--workers", "2"]
    command += ["--fresh"]  # the numbers of this turn, not those after the last one's
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _streamparse(home: Home, flow: Flow) -> None:
    run = peer_python("streamparse", "streamparse==5.0.1", "msgpack").parent / "streamparse_run"
    module = FOLDER / "peers" / "streamparse_flow.py"
    jar = io.BytesIO()
    with zipfile.ZipFile(jar, "w") as file:
        file.write(module, f"resources/{module.name}")
    config = {"topology.workers": 2, "peer.folder": str(flow.folder), "peer.rate": RATE}
    with connect(_address(home)) as nimbus:
        location = nimbus.upload(jar.getvalue())
        nimbus.call("submitTopology", "flow", location, json.dumps(config), _topology(nimbus, str(run), module.stem))


def _topology(nimbus: Nimbus, run: str, module: str) -> Any:
    types = nimbus.types

    def component(name: str, instances: int, outputs: list[str], sender: str = "") -> dict[str, Any]:
        shell = types.ShellComponent(execution_command=run, script=f"{module}.{name}")
        shuffle = types.Grouping(shuffle=types.NullStruct())
        inputs = {types.GlobalStreamId(componentId=sender, streamId="default"): shuffle} if sender else {}
        streams = {"default": types.StreamInfo(output_fields=outputs, direct=False)} if outputs else {}
        common = types.ComponentCommon(inputs=inputs, streams=streams, parallelism_hint=instances, json_conf="{}")
        return {"common": common, "bolt_object" if sender else "spout_object": types.ComponentObject(shell=shell)}

    return types.StormTopology(
        spouts={"numbers": types.SpoutSpec(**component("Numbers", 1, ["number"]))},
        bolts={
            "double": types.Bolt(**component("Double", 1, ["number"], "numbers")),
            "keep": types.Bolt(**component("Keep", 2, [], "double")),
        },
        state_spouts={},
    )

"""The topology's configuration, each number with its reason."""

import sys
from typing import Any

from sferic.compiler.packages import Packages
from sferic.compiler.resources import WINDOW, Resources
from sferic.runtime.plan import RESULTS, Plan, PlannedPE

PACKED = "packages"  # folder of what is packed, beside the plan


def topology_config(
    plan: Plan, *, python: str, version: str, needs: Resources, packages: Packages | None = None
) -> dict[str, Any]:
    """Storm's settings and the shim's (`sferic.…`). `python`: the interpreter that the children run."""
    packed = [] if packages is None else [packages.python, packages.platform]
    return {
        "topology.workers": needs.workers,
        # Schedulers that know resources keep below it; the others make a JVM as large as its executors ask.
        "topology.worker.max.heap.size.mb": float(needs.heap),
        "topology.acker.executors": 1,
        # A tuple is a batch: a full queue of 32,768 of them would be gigabytes.
        "topology.executor.receive.buffer.size": needs.queue,
        "topology.transfer.buffer.size": needs.queue,
        # Groups of a source unanswered at a time; each is a few tuples. This bounds what is in flight anywhere.
        "topology.max.spout.pending": 256,
        "sferic.window": WINDOW,
        "topology.message.timeout.secs": 30,
        # An executor without work looks again after so long: Storm's default strategy spins while batches are a few
        # milliseconds apart, a tenth of a core each; this costs a hundredth and adds 0.2 ms to a hop.
        "topology.bolt.wait.strategy": "org.apache.storm.policy.WaitStrategyPark",
        "topology.bolt.wait.park.microsec": 400,
        "topology.spout.wait.strategy": "org.apache.storm.policy.WaitStrategyPark",
        "topology.spout.wait.park.microsec": 400,
        "topology.fall.back.on.java.serialization": False,
        "topology.skip.missing.kryo.registrations": False,
        "sferic.python": python,
        "sferic.child": ["{resources}/sferic/runtime/start.py", *packed],
        # The runtime that travels in the jar, before any that is installed; and nothing else of a worker machine's
        # that changes how Python starts.
        "sferic.env": {"PYTHONPATH": ":".join(["{resources}", *(["{resources}/" + PACKED] if packed else [])])},
        "sferic.env.without": "PYTHON",
        "sferic.plan": "plan.json",
        # Its key is none of a configuration's business: who submits makes it, and it goes with the credentials.
        **({"sferic.trusted": True} if any(link.codec == "trusted" for link in plan.links) else {}),
        "sferic.attempt": 1,
        "sferic.hang.seconds": 0,
        "sferic.stages": _supervised(plan),
        "sferic.about": _about(plan, version),
    }


def interpreter(minor: str | None, *, here: bool = False) -> str:
    """What workers run where nobody says: on this machine (`here`) this Python, unless packages are packed for another
    `minor` version; elsewhere one that their PATH leads to."""
    if here and minor in (None, f"{sys.version_info.major}.{sys.version_info.minor}"):
        return sys.executable
    return "python3" if minor is None else f"python{minor}"


def _about(plan: Plan, version: str) -> dict[str, Any]:
    """What commands have to know of a topology that they find on a cluster."""
    return {
        "version": version,
        "plan": plan.digest(),
        "sources": sum(stage.instances for stage in plan.stages if stage.source),
        "stages": [[stage.id, stage.instances, [pe.path for pe in stage.pes]] for stage in plan.stages],
        "roots": [pe.path for stage in plan.stages for pe in stage.pes if pe.source],
        "stateful": [pe.path for stage in plan.stages for pe in stage.pes if pe.stateful],
        "endless": plan.endless,
        "results": {
            str(link.id): [link.from_pe, link.from_port, link.codec] for link in plan.links if link.to_stage == RESULTS
        },
    }


def _supervised(plan: Plan) -> dict[str, dict[str, Any]]:
    """What the shim has to know of a stage to name its PEs, to see them hang, and to give up a batch."""
    stages: dict[str, dict[str, Any]] = {
        stage.id: {"pes": [_pe(pe) for pe in stage.pes], "inputs": {}, "outputs": {}} for stage in plan.stages
    }
    for link in plan.links:
        stages[link.from_stage]["outputs"][str(link.id)] = [link.from_pe, link.from_port]
        if link.to_stage != RESULTS:
            stages[link.to_stage]["inputs"][str(link.id)] = [link.to_pe, link.to_port]
    return stages


def _pe(pe: PlannedPE) -> dict[str, Any]:
    said: dict[str, Any] = {"path": pe.path, "policy": pe.on_failure}
    if pe.hang_timeout is not None:
        said["hang"] = pe.hang_timeout
    if pe.source:
        said["source"] = True
    elif pe.stateless:
        said["stateless"] = True
    return said

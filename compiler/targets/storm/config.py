"""The topology's configuration, each number with its reason."""

from typing import Any

from sferic.runtime.plan import Plan


def topology_config(plan: Plan, *, python: str) -> dict[str, Any]:
    """Storm's settings and the shim's (`sferic.…`). `python`: the interpreter that the children run."""
    return {
        "topology.workers": 1,
        "topology.acker.executors": 1,
        # A tuple is a batch: a full queue of 32,768 of them would be gigabytes.
        "topology.executor.receive.buffer.size": 256,
        "topology.transfer.buffer.size": 256,
        # Groups of a source unanswered at a time; each is a few tuples. This bounds what is in flight anywhere.
        "topology.max.spout.pending": 256,
        "sferic.window": 16,
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
        "sferic.child": ["-m", "sferic.runtime.worker"],
        "sferic.plan": "plan.json",
        "sferic.attempt": 1,
        "sferic.hang.seconds": 0,
        "sferic.hang": {
            stage.id: max(pe.hang_timeout or 0 for pe in stage.pes)
            for stage in plan.stages
            if any(pe.hang_timeout for pe in stage.pes)
        },
    }

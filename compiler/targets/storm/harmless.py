"""Which settings an artefact may bring along: none that makes Storm run something.

A cluster's operator may set what they like where they submit (``storm jar … -c``). What comes with a workflow may not:
JVM options, class paths, environment variables, names of classes (serializers, hooks, schedulers, plug-ins) are code.
"""

from collections.abc import Mapping
from typing import Any

from sferic.compiler.diagnostics import Problem, WrongInput

_PARK = "org.apache.storm.policy.WaitStrategyPark"
_KNOWN: Mapping[str, Any] = {
    "topology.bolt.wait.strategy": _PARK,
    "topology.spout.wait.strategy": _PARK,
    "topology.fall.back.on.java.serialization": False,
    "topology.skip.missing.kryo.registrations": False,
}


def refuse_harmful(config: Mapping[str, Any]) -> None:
    """WrongInput for settings that are neither ours, nor numbers of a topology, nor known with this very value."""
    problems = [
        Problem(f"the setting {name} would run what it names on the cluster", remedy="its operator may set it, with -c")
        for name in sorted(config)
        if not _allowed(name, config[name])
    ]
    if problems:
        raise WrongInput(problems)


def _allowed(name: str, value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    known = name in _KNOWN and type(value) is type(_KNOWN[name]) and value == _KNOWN[name]
    return name.startswith("sferic.") or (name.startswith("topology.") and number) or known

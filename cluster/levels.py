"""How much the PEs of a running topology log: Storm's log levels, by the loggers that PEs have."""

import json
import re
from collections.abc import Mapping
from typing import Any

from sferic.cluster.logs import LEVELS
from sferic.cluster.nimbus import Nimbus, NimbusError
from sferic.cluster.topologies import Found

_LOGGER = "sferic.pe"
_NO_NAME = re.compile(r"[^\w/%-]")


def logger(pe: str) -> str:
    """The logger of a PE's or a composite's path, as the shim names it; of all PEs where it is empty."""
    return f"{_LOGGER}.{_NO_NAME.sub('_', pe).replace('/', '.')}" if pe else _LOGGER


def levels(nimbus: Nimbus, found: Found) -> dict[str, str]:
    """The levels that were set, by logger."""
    named: dict[str, Any] = nimbus.call("getLogConfig", found.id).named_logger_level or {}
    return {name: str(level.target_log_level) for name, level in named.items()}


def set_levels(nimbus: Nimbus, found: Found, wanted: Mapping[str, str], seconds: int) -> None:
    """Set the level of PEs, by path ("": all); "" as a level takes back what was set. `seconds`: for so long, 0 for
    good. Raises NimbusError."""
    known = _paths(nimbus, found)
    types = nimbus.types
    named: dict[str, Any] = {}
    for pe, level in wanted.items():
        if pe and not any(path == pe or path.startswith(f"{pe}/") for path in known):
            raise NimbusError(f"{found.name} has no PE {pe}. It has {', '.join(known)}")
        if level not in (*LEVELS, "OFF", ""):
            raise NimbusError(f"{level!r} is no level. Levels are {', '.join(LEVELS)}, OFF")
        action = types.LogLevelAction
        named[logger(pe)] = (
            types.LogLevel(action=action.UPDATE, target_log_level=level, reset_log_level_timeout_secs=seconds)
            if level
            else types.LogLevel(action=action.REMOVE)
        )
    nimbus.call("setLogConfig", found.id, types.LogConfig(named_logger_level=named))


def _paths(nimbus: Nimbus, found: Found) -> list[str]:
    if found.status == "gone":
        raise NimbusError(f"{found.name} on {nimbus.address} has gone already")
    stages = json.loads(nimbus.call("getTopologyConf", found.id)).get("sferic.stages", {})
    return sorted(pe["path"] for stage in stages.values() for pe in stage["pes"])

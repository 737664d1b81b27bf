"""What this machine can do, and how to get what it lacks."""

import importlib.util
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from sferic.cluster.cache import cache_folder
from sferic.cluster.jars import STORM_VERSION, missing
from sferic.cluster.java import JavaMissing, find_java


@dataclass(frozen=True)
class Check:
    """One thing looked at. `remedy` says what to do where it is not as it should be."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def examine() -> list[Check]:
    """Look at everything; nothing is changed or fetched."""
    checks = [Check("Python", sys.version_info >= (3, 11), platform.python_version(), "use Python 3.11 or newer")]
    for package, extra in (
        ("ormsgpack", ""),
        ("jinja2", "storm"),
        ("streamparse", "storm"),
        ("thriftpy2", "storm"),
    ):
        found = importlib.util.find_spec(package) is not None
        remedy = f"pip install 'sferic[{extra}]'" if extra else "pip install sferic"
        checks.append(Check(package, found, "installed" if found else "not installed", remedy))
    checks.append(_java())
    lacking = missing()
    detail = f"{len(lacking)} jars to fetch at first use" if lacking else "in the cache"
    checks.append(Check(f"Storm {STORM_VERSION}", ok=True, detail=detail))
    checks.append(Check("cache", ok=True, detail=str(cache_folder("jars").parent)))
    return checks


def _java() -> Check:
    try:
        java = find_java()
    except JavaMissing as error:
        return Check("Java", ok=False, detail="none that is new enough", remedy=str(error))
    return Check("Java", ok=True, detail=f"{java.version} at {java.path}")


def render(checks: Sequence[Check]) -> str:
    """A line a check, with the remedy under it where it failed."""
    lines: list[str] = []
    for check in checks:
        lines.append(f"{'ok ' if check.ok else 'NO '} {check.name}: {check.detail}")
        if not check.ok:
            lines.append(f"    {check.remedy}")
    return "\n".join(lines)

"""What this machine can do, and how to get what it lacks."""

import importlib.metadata
import importlib.util
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from sferic.cluster.cache import CacheUnusable, cache_folder
from sferic.cluster.jars import STORM_VERSION, missing
from sferic.cluster.java import LEAST, JavaMissing, find_java
from sferic.cluster.shim import ready


@dataclass(frozen=True)
class Check:
    """One thing looked at. `remedy` says what to do where it is not as it should be."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


_PACKAGES = (
    ("ormsgpack", ""),
    ("jinja2", "storm"),
    ("streamparse", "storm"),
    ("thriftpy2", "storm"),
)


def examine() -> list[Check]:
    """Look at everything; nothing is fetched or built."""
    checks = [Check("Python", sys.version_info >= (3, 11), platform.python_version(), "use Python 3.11 or newer")]
    checks += [_package(name, extra) for name, extra in _PACKAGES]
    checks.append(_pyspark())
    checks.append(_java())
    cache = _cache()
    checks.append(cache)
    if cache.ok:
        checks += _prepared()
    return checks


def _package(name: str, extra: str) -> Check:
    found = importlib.util.find_spec(name) is not None
    remedy = f"pip install 'sferic[{extra}]'" if extra else "pip install sferic"
    lacking = f"not installed (the target {extra} needs it, others do not)" if extra else "not installed"
    return Check(name, found, "installed" if found else lacking, remedy)


def _pyspark() -> Check:
    """Hundreds of megabytes that only one target needs: to be without them is nothing wrong."""
    if importlib.util.find_spec("pyspark") is None:
        said = f"not installed. For the target spark, which needs Java {LEAST}, too: pip install 'sferic[spark]'"
    else:
        said = f"{importlib.metadata.version('pyspark')}, which takes the Java below (it needs {LEAST} or newer)"
    return Check("pyspark", ok=True, detail=said)


def _cache() -> Check:
    remedy = "set SFERIC_CACHE to a folder of yours"
    try:
        folder = cache_folder("jars")
    except CacheUnusable as error:
        return Check("cache", ok=False, detail=f"cannot be made: {error.__cause__}", remedy=remedy)
    writable = os.access(folder, os.W_OK | os.X_OK)
    return Check("cache", writable, f"{folder.parent}{'' if writable else ' cannot be written'}", remedy)


def _prepared() -> list[Check]:
    """What the first use makes by itself is right as long as it can be made."""
    lacking = missing()
    size = sum(pin.size for pin in lacking) / 1e6
    fetchable = bool(os.environ.get("SFERIC_MAVEN")) or importlib.util.find_spec("jgo") is not None
    jars = f"{len(lacking)} jars ({size:.0f} MB) to fetch at first use" if lacking else "in the cache"
    shim = "built" if ready() else "to be compiled at first use"
    return [
        Check(f"Storm {STORM_VERSION}", not lacking or fetchable, jars, "pip install 'sferic[storm]'"),
        Check("shim", ok=True, detail=shim),
    ]


def _java() -> Check:
    try:
        java = find_java()
    except JavaMissing as error:
        return Check("Java", ok=False, detail="none that is new enough", remedy=str(error))
    return Check(
        "Java", ok=True, detail=f"{java.version} at {java.path}{'' if java.compiler else ', without a compiler'}"
    )


def render(checks: Sequence[Check]) -> str:
    """A line a check, with the remedy under it where it failed."""
    lines: list[str] = []
    for check in checks:
        lines.append(f"{'ok ' if check.ok else 'NO '} {check.name}: {check.detail}")
        if not check.ok:
            lines.append(f"    {check.remedy}")
    return "\n".join(lines)

"""How many threads numerical libraries use in a process that is one of several on its machine."""

import os
import sys
from collections.abc import Iterable, MutableMapping
from pathlib import Path

_GENERAL = "OMP_NUM_THREADS"  # the libraries below obey it where their own is not set
# Environment variable; part of the library's file name; its functions that set the number, those that exist.
_KINDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (_GENERAL, "omp", ("omp_set_num_threads",)),
    (
        "OPENBLAS_NUM_THREADS",
        "openblas",
        tuple(f"{p}openblas_set_num_threads{s}" for p in ("", "scipy_") for s in ("", "64_")),
    ),
    ("MKL_NUM_THREADS", "mkl_rt", ("MKL_Set_Num_Threads",)),
    ("BLIS_NUM_THREADS", "libblis", ("bli_thread_set_num_threads",)),
    ("VECLIB_MAXIMUM_THREADS", "", ()),
    ("NUMEXPR_NUM_THREADS", "", ()),
)
_BRINGERS = frozenset({"numpy", "torch", "numexpr", "mkl"})


def share_cores(instances: int, environment: MutableMapping[str, str] = os.environ) -> None:
    """Give this process its share of the cores, for libraries loaded already and those to come.

    What the user set in the environment stays.
    """
    if _GENERAL in environment:
        return
    share = max(1, _cores() // instances)
    # What brings such libraries brings one of these; without them, looking would take longer than all else here.
    loaded = [path for path in _loaded() if "/" in path] if _BRINGERS & sys.modules.keys() else []
    for variable, part, setters in _KINDS:
        if variable not in environment:
            environment[variable] = str(share)
            for path in loaded:
                if part and part in Path(path).name:
                    _set(path, setters, share)


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _loaded() -> Iterable[str]:
    """Shared libraries of this process; a forked one has its parent's. None where the system does not tell."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        return []
    lines = maps.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return sorted({line.split(maxsplit=5)[-1] for line in lines if ".so" in line})


def _set(path: str, setters: tuple[str, ...], threads: int) -> None:
    import ctypes  # noqa: PLC0415 - for those few that need it

    try:
        library = ctypes.CDLL(path)
    except OSError:
        return  # its file was replaced since
    for name in setters:
        function = getattr(library, name, None)
        if function is not None:
            function(threads)

"""Has an instance changed an attribute since preprocess? Losing it matters only then."""

import io
import zlib
from collections import deque
from collections.abc import Iterator
from types import ModuleType
from typing import Any, cast

from sferic.runtime.pe import GenericPE

OURS = frozenset(
    {
        "inputconnections",
        "outputconnections",
        "write",
        "_write",
        "log",
        "_log",
        "rank",
        "numprocesses",
        "wait",
        "name",
        "id",
        "_made_at",
    }
)
_BUDGET = 500  # values looked at a PE; beyond it the PE counts as changed, which errs on the loud side
_BYTES = 1 << 16  # of an array, likewise
_PLAIN = (bool, int, float, complex, str, bytes, type(None))


class _TooMuch(Exception):  # noqa: N818 - a signal, not an error
    pass


def fingerprint(pe: GenericPE) -> Any:
    """Something equal as long as the attributes are; None where they are too much to look at."""
    budget = [_BUDGET]
    try:
        return tuple((name, _value(value, budget)) for name, value in sorted(vars(pe).items()) if name not in OURS)
    except (_TooMuch, RecursionError):
        return None


def attribute_fingerprint(value: Any) -> Any:
    """The same of one attribute."""
    try:
        return _value(value, [_BUDGET])
    except (_TooMuch, RecursionError):
        return None


def _value(value: Any, budget: list[int]) -> Any:
    budget[0] -= 1
    if budget[0] < 0:
        raise _TooMuch
    if isinstance(value, _PLAIN):
        return (type(value), value)
    if isinstance(value, dict):
        pairs = cast(dict[Any, Any], value)
        return (id(pairs), [(_value(k, budget), _value(v, budget)) for k, v in pairs.items()])
    if isinstance(value, (list, tuple, deque)):
        parts = cast(list[Any], value)
        return (id(parts), [_value(v, budget) for v in parts])
    if isinstance(value, (set, frozenset)):
        members = cast(set[Any], value)
        budget[0] -= len(members)
        return (id(members), hash(frozenset(members)))
    if callable(value) or isinstance(value, ModuleType):
        return id(value)
    if _hides_its_place(value):
        raise _TooMuch
    attributes = [(name, _value(of, budget)) for name, of in _attributes(value)]
    length = len(value) if hasattr(type(cast(object, value)), "__len__") else None
    return (id(value), length, attributes, _checksum(value))


def _hides_its_place(value: Any) -> bool:
    """Whether it is an iterator of which nobody can see where it is."""
    return isinstance(value, Iterator) and not isinstance(value, io.IOBase)


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    yield from getattr(value, "__dict__", {}).items()
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name):
                yield name, getattr(value, name)


def _checksum(value: Any) -> int | None:
    """Of what has a buffer (arrays of numpy, bytearray): it changes in place. Nothing else shows what is in it."""
    try:
        view = memoryview(value)
    except (TypeError, ValueError, BufferError):
        return None
    if view.nbytes > _BYTES:
        raise _TooMuch
    return zlib.crc32(view if view.c_contiguous else view.tobytes())


class StateWatch:
    """Watches the stateful PEs of a stage until the first change."""

    def __init__(self, pes: list[GenericPE]) -> None:
        self._before = [(pe, fingerprint(pe)) for pe in pes]
        self._changed = False

    @property
    def changed(self) -> bool:
        """Look again, unless a change was seen before."""
        self._changed = self._changed or any(before is None or fingerprint(pe) != before for pe, before in self._before)
        return self._changed

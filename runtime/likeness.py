"""What a graph that lives only in this process is, as a digest: equal where another process builds the same."""

import dis
import hashlib
import sys
import sysconfig
from collections.abc import Iterator
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, cast

from sferic.runtime.definition import Definition
from sferic.runtime.host.state import OURS
from sferic.runtime.location import Location

_INSTALLED = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib"))
_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_NO_PART = ("__dict__", "__weakref__", "__doc__", "__firstlineno__", "__static_attributes__")
_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME")


def likeness(definition: Definition) -> str:
    """sha256 (hex) over the PEs' attributes and code, and the key functions; where lines stand does not matter."""
    walk = _Walk()
    pes = [[type(one.pe), {k: v for k, v in vars(one.pe).items() if k not in OURS}] for one in definition.elements]
    return walk.digest([pes, [edge.grouping for edge in definition.edges if callable(edge.grouping)]])


def of_user(name: str) -> bool:
    """Whether a module is neither installed nor ours: its code is part of what uses it."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if name == "__main__" or module is None:
        return True
    return not name.startswith("sferic.") and bool(file) and not str(file).startswith(_INSTALLED)


class _Walk:
    """Sees every value once; what it meets again it names by the number it had."""

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}
        self._held: list[Any] = []  # an id is of one object only while that is there

    def digest(self, value: Any) -> str:
        """Of all that `value` leads to."""
        found = hashlib.sha256()
        for part in self._parts(value):
            found.update(f"{len(part)} ".encode() + part)
        return found.hexdigest()

    def _parts(self, value: Any) -> Iterator[bytes]:
        yield type(value).__name__.encode()
        if isinstance(value, _PLAIN):
            yield value if isinstance(value, bytes) else repr(value).encode()
        elif isinstance(value, (set, frozenset)):
            held = cast("set[Any]", value)
            yield from sorted(_Walk().digest(one).encode() for one in held)  # the order inside is another each time
        elif type(value) is tuple:
            yield from self._each(cast("tuple[Any, ...]", value))
        elif id(value) in self._seen:
            yield str(self._seen[id(value)]).encode()
        else:
            self._seen[id(value)] = len(self._seen)
            self._held.append(value)
            yield from self._each(_inside(value))

    def _each(self, values: tuple[Any, ...]) -> Iterator[bytes]:
        yield str(len(values)).encode()
        for one in values:
            yield from self._parts(one)


def _inside(value: Any) -> tuple[Any, ...]:
    """What a value consists of."""
    if isinstance(value, list):
        return tuple(cast("list[Any]", value))
    if isinstance(value, dict):
        return tuple(part for pair in cast("dict[Any, Any]", value).items() for part in pair)
    if isinstance(value, Location):
        return ()
    if isinstance(value, ModuleType):
        return (value.__name__,)
    if isinstance(value, CodeType):
        names = value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars
        return (value.co_code, value.co_consts, names, value.co_argcount, value.co_kwonlyargcount, value.co_flags)
    if isinstance(value, CellType):
        return _of_cell(value)
    if isinstance(value, MethodType):
        return (value.__func__, value.__self__)
    if isinstance(value, (staticmethod, classmethod)):
        return (cast(Any, value).__func__,)
    if isinstance(value, property):
        return (value.fget, value.fset, value.fdel)
    if isinstance(value, FunctionType):
        return _of_function(value)
    return _of_class(cast("type[Any]", value)) if isinstance(value, type) else _of_object(value)


def _of_cell(cell: CellType) -> tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:  # nothing was put in yet
        return ()


def _of_function(function: FunctionType) -> tuple[Any, ...]:
    named = (function.__module__, function.__qualname__)
    if not of_user(function.__module__):
        return named
    used = {
        name: function.__globals__[name] for name in sorted(_globals(function.__code__) & set(function.__globals__))
    }
    said = function.__defaults__, function.__kwdefaults__, function.__closure__, vars(function)
    return (function.__qualname__, function.__code__, *said, used)


def _globals(code: CodeType) -> set[str]:
    found = {str(one.argval) for one in dis.get_instructions(code) if one.opname in _GLOBAL}
    return found.union(*(_globals(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


def _of_class(kind: type[Any]) -> tuple[Any, ...]:
    if not of_user(kind.__module__):
        return (kind.__module__, kind.__qualname__)
    held = {name: value for name, value in vars(kind).items() if name not in _NO_PART}
    return (kind.__qualname__, kind.__bases__, held)


def _of_object(value: object) -> tuple[Any, ...]:
    """As pickles take it; what they do not is known by its class."""
    try:
        reduced = value.__reduce_ex__(4)
    except TypeError:
        return (type(value),)
    if isinstance(reduced, str):  # the name of a global, such as a function that `functools.cache` wraps
        return (reduced, getattr(value, "__wrapped__", None))
    parts: Any = reduced
    return tuple(list(cast("Iterator[Any]", part)) if isinstance(part, Iterator) else part for part in parts)

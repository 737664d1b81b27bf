"""What type hints say about the items of functions: only where they are plain, and only to warn."""

import inspect
import types
import typing
from collections.abc import Callable, Iterable
from typing import Any, get_args, get_origin, get_type_hints

from sferic.runtime.functions import BranchPE, FilterPE, FlatMapPE, FoldPE, SinkPE, SourcePE
from sferic.runtime.pe import GenericPE, SimpleFunctionPE

_PLAIN = (str, bytes, bool, int, float, complex, list, tuple, dict, set, frozenset)
_ALSO = {bool: (int, float, complex), int: (float, complex), float: (complex,)}


def item_hints(pe: GenericPE) -> tuple[type | None, type | None]:
    """(type of the items that it takes, of those that it gives); None where nothing plain is said."""
    match pe:
        case SimpleFunctionPE():
            function: Any = getattr(pe, "compute_fn", None)
        case SourcePE() | BranchPE() | SinkPE() | FoldPE():
            function = pe.function
        case _:
            return None, None
    said = _hints(function)
    parameters = list(said["parameters"])
    place = 1 if isinstance(pe, FoldPE) else 0
    takes = None if isinstance(pe, SourcePE) or len(parameters) <= place else _plain(parameters[place])
    if isinstance(pe, (FilterPE, BranchPE)):
        return takes, takes
    if isinstance(pe, (SinkPE, FoldPE)):
        return takes, None
    parts = isinstance(pe, (FlatMapPE, SourcePE)) or inspect.isgeneratorfunction(function)
    return takes, _plain(_part(said["return"]) if parts else said["return"])


def clash(gives: type, takes: type) -> bool:
    """Is no item of the one type one of the other?"""
    return gives is not takes and takes not in _ALSO.get(gives, ())


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        names = list(inspect.signature(function).parameters)
        hints = get_type_hints(function)
    except Exception:  # noqa: BLE001 - builtins have none; hints are the user's own expressions, and only hints
        return {"parameters": (), "return": None}
    return {"parameters": [hints.get(name) for name in names], "return": hints.get("return")}


def _part(hint: Any) -> Any:
    """What each item is of a list, an iterator and the like."""
    origin = get_origin(hint)
    arguments = get_args(hint)
    iterable = isinstance(origin, type) and issubclass(origin, Iterable) and not issubclass(origin, (dict, tuple))
    return arguments[0] if iterable and arguments else None


def _plain(hint: Any) -> type | None:
    """The plain type that `hint` says; None counts for nothing, since it is not written."""
    if get_origin(hint) in (typing.Union, types.UnionType):
        others = [one for one in get_args(hint) if one is not types.NoneType]
        hint = others[0] if len(others) == 1 else None
    hint = get_origin(hint) or hint
    return hint if hint in _PLAIN else None

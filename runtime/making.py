"""Makes PEs of what users name: a class, an object, a function that is used in one of the ways of the light way.

The builder of the light way and the one of resolved YAML make them alike.
"""

import difflib
import functools
import inspect
import itertools
import types
import typing
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, cast, get_origin, get_type_hints

from sferic.runtime import functions as of
from sferic.runtime.functions import StandIn
from sferic.runtime.location import Location
from sferic.runtime.pe import GenericPE, Grouping, SimpleFunctionPE
from sferic.runtime.settings import SETTING_NAMES
from sferic.runtime.workflow import Connected, Flaw, WorkflowGraph

WAYS = ("source", "map", "flat_map", "filter", "branch", "sink", "fold")
_ONE_ITEM = (str, bytes, int, float, complex, bool, dict, types.NoneType)


class NotMade(ValueError):  # noqa: N818 - says what happened
    """What was named gives no PE: why, and what to do."""

    def __init__(self, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.remedy = remedy


def make(
    what: Any, way: str = "", args: Sequence[Any] = (), params: Mapping[str, Any] | None = None, **more: Any
) -> GenericPE:
    """A PE. `way`: how a function is used, "map" if empty; `more`: `start`, `key`, `running` of a fold, `ports` of a
    branch. Raises NotMade, and what a PE's own constructor raises."""
    params = params or {}
    name = called(what)
    if _is_pe(what) and way not in ("", "source", "sink"):
        raise NotMade(f"{name} is a PE, and {way} takes a function", "a PE is given to apply; in YAML it has no `as`")
    if isinstance(what, GenericPE):
        if args or params:
            raise NotMade(f"{name} is a PE already, and takes no {_listed(args, params)}", "name its class")
        return what
    if isinstance(what, type) and issubclass(what, GenericPE):
        _check_arguments(what, name, args, params)
        return what(*args, **params)
    if not callable(cast(Any, what)):
        if isinstance(what, Iterator):
            raise NotMade("a generator gives its items once", "give the function, which can be called again")
        raise NotMade(f"{what!r:.60} is neither a PE nor a function")
    return _of_function(cast(Callable[..., Any], what), name, way or "map", args, params, more)


def _of_function(
    what: Callable[..., Any],
    name: str,
    way: str,
    args: Sequence[Any],
    params: Mapping[str, Any],
    more: Mapping[str, Any],
) -> GenericPE:
    _check_function(what, name, way)
    if args and way != "source":
        raise NotMade(f"{way} gives {name} its items, and takes no {_listed(args, {})}", "say arguments by name")
    if way == "branch" and not more.get("ports"):
        raise NotMade("a branch says the names of its output ports", "such as left and right")
    items = {"source": 0, "fold": 2}.get(way, 1)
    _check_arguments(what, name, [*([None] * items), *args], params, implied=items)
    pe = _pe(what, way, args, params, more)
    pe.base_name = way if name == "<lambda>" else name
    return pe


def _pe(
    what: Callable[..., Any], way: str, args: Sequence[Any], params: Mapping[str, Any], more: Mapping[str, Any]
) -> GenericPE:
    match way:
        case "source":
            return of.SourcePE(what, args, params)
        case "flat_map":
            return of.FlatMapPE(what, dict(params))
        case "filter":
            return of.FilterPE(what, dict(params))
        case "branch":
            return of.BranchPE(what, more["ports"], params)
        case "sink":
            return of.SinkPE(what, params)
        case "fold":
            return of.FoldPE(functools.partial(what, **params) if params else what, **more)
        case _:
            return SimpleFunctionPE(what, dict(params))


def _is_pe(what: Any) -> bool:
    return isinstance(what, GenericPE) or (isinstance(what, type) and issubclass(what, GenericPE))


def called(what: Any) -> str:
    """What a PE of it is called."""
    if isinstance(what, GenericPE):
        return what.name or what.base_name or type(what).__name__
    inner = getattr(what, "func", None)  # of a functools.partial
    return getattr(what, "__name__", None) or getattr(inner, "__name__", None) or type(what).__name__


def join(
    graph: WorkflowGraph,
    source: tuple[GenericPE, str | None],
    target: tuple[GenericPE, str | None],
    place: Location,
    grouping: Grouping,
    which: Callable[[str, Sequence[str]], str],
) -> None:
    """Connect two ends, each a PE and its port, None for the only one that it has.

    Where a PE has several ports it is noted as a flaw, whose remedy is `which(kind, ports)`, kind "input" or "output".
    """
    outs, intos = (
        [port] if port else _only(graph, pe, kind, place, which)
        for (pe, port), kind in ((source, "output"), (target, "input"))
    )
    for out, into in itertools.product(outs[:1], intos):
        if isinstance(source[0], StandIn):
            source[0].add_output(out)
        if isinstance(target[0], StandIn):
            target[0].add_input(into)
        graph.connections.append(Connected(source[0], out, target[0], into, place, grouping))


def _only(
    graph: WorkflowGraph, pe: GenericPE, kind: str, place: Location, which: Callable[[str, Sequence[str]], str]
) -> list[str]:
    """The port that need not be said; all, once it is told that there are several."""
    ports = list(pe.inputconnections if kind == "input" else pe.outputconnections)
    if isinstance(pe, StandIn):
        return ports[:1] or [kind]
    if len(ports) != 1:
        name = graph.added[id(pe)].settings.get("name") or called(pe)
        has = f"{len(ports)} {kind} ports: {', '.join(ports)}" if ports else f"no {kind} port"
        graph.flaws.append(Flaw(f"{name} has {has}", place, which(kind, ports) if ports else ""))
    return ports


def _listed(args: Sequence[Any], params: Mapping[str, Any]) -> str:
    return ", ".join([*map(repr, args), *params])


def _check_arguments(
    what: Callable[..., Any], name: str, args: Sequence[Any], params: Mapping[str, Any], implied: int = 0
) -> None:
    """NotMade where a call would be a TypeError: told here, it has the line of the workflow."""
    try:
        signature = inspect.signature(what)
    except (TypeError, ValueError):  # some of the builtins have none
        return
    try:
        signature.bind(*args, **params)
    except TypeError as error:
        free = [n for n, p in signature.parameters.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        known = free[implied:]
        for given in params:
            near = difflib.get_close_matches(given, [*known, *SETTING_NAMES], 1)
            if given not in known:
                has = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known) or 'none'}"
                raise NotMade(f"{name} has no parameter {given!r}", has) from None
        raise NotMade(f"{name} cannot be called so: {error}") from None


def _check_function(what: Callable[..., Any], name: str, way: str) -> None:
    """What the type hints, and the kind of function, say about the way."""
    if inspect.iscoroutinefunction(what) or inspect.isasyncgenfunction(what):
        raise NotMade(f"{name} is async, which a PE's function cannot be", "write a plain function or generator")
    hint = returned(what)
    origin = get_origin(hint) or hint
    yields = inspect.isgeneratorfunction(what) or origin in (Iterator, Generator)
    if yields and way in ("map", "filter", "branch", "sink", "fold"):
        remedy = "use flat_map, which writes each" if way == "map" else f"{way} takes one that returns"
        raise NotMade(f"{name} yields items, and {way} looks at what is returned", remedy)
    if way in ("flat_map", "source") and origin in _ONE_ITEM and not yields:
        shown = getattr(hint, "__name__", str(hint))
        remedy = "use map" if way == "flat_map" else "let it yield its items, or return a list of them"
        raise NotMade(f"{name} returns {shown}, and {way} writes each item of what is returned", remedy)


def returned(what: Callable[..., Any]) -> Any:
    """The type that a function says it returns; `Any` where it says none, or none that can be found here."""
    try:
        return get_type_hints(what).get("return", typing.Any)
    except Exception:  # noqa: BLE001 - hints are the user's own expressions, and only a hint
        return typing.Any

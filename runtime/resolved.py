"""A definition as data: what a YAML file comes to. It reaches workers inside the plan, so that they need no YAML.

    {"name", "file", "partitions": [[name]], "partitions_at",
     "pes": [{"name", "use", "as", "with", "more", "settings", "at"}],
     "connections": [{"from": [name, port], "to": [name, port], "grouping", "function", "at"}]}

`use` and `function` are ``package.module:name``; `as`, `with` and `more` are what `make` takes; `at` is [line, column];
a port may be None: the only one there is.
"""

import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sferic.runtime.functions import StandIn
from sferic.runtime.loading import LoadingError, load_graph, load_module, load_pickled, named
from sferic.runtime.location import Location
from sferic.runtime.making import NotMade, join, make
from sferic.runtime.pe import GenericPE
from sferic.runtime.plan import DefinitionRef
from sferic.runtime.workflow import Added, Flaw, WorkflowGraph

Resolved = Mapping[str, Any]


def build(resolved: Resolved, root: Path) -> WorkflowGraph:
    """The graph, modules found from `root`; what cannot be made is among its flaws."""
    return _Building(resolved, root).graph


def rebuilt(reference: DefinitionRef, root: Path) -> WorkflowGraph:
    """What a plan's definition was compiled from, built from the files in `root`; LoadingError."""
    if reference.pickled:
        return load_pickled(root)
    if reference.resolved is not None:
        return _build_whole(reference.resolved, root)
    return load_graph(reference.target, dict(reference.params), root)


def _build_whole(resolved: Resolved, root: Path) -> WorkflowGraph:
    """The same where it was whole before: LoadingError for the first flaw, with what it comes from."""
    building = _Building(resolved, root)
    for flaw in building.graph.flaws:
        raise LoadingError(f"{flaw.location}: {flaw.text}") from building.causes.get(flaw)
    return building.graph


class _Building:
    def __init__(self, resolved: Resolved, root: Path) -> None:
        self.resolved, self.file, self.root = resolved, str(root / resolved["file"]), root
        self.graph = WorkflowGraph(resolved["name"])
        self.causes: dict[Flaw, BaseException | None] = {}
        self.made = {one["name"]: self._pe(one) for one in resolved["pes"]}
        for one in resolved["connections"]:
            self._connect(one)
        unknown = any(None in (one["from"][0], one["to"][0]) for one in resolved["connections"])
        if resolved["partitions"] and not unknown:  # no partition could name who stands in for the unknown
            self.graph.partitions = [[self.made[name] for name in names] for names in resolved["partitions"]]
            self.graph.partitions_at = self._place(resolved["partitions_at"])

    def _pe(self, one: Mapping[str, Any]) -> GenericPE:
        place = self._place(one["at"])
        try:
            pe = self._made(one) if one["use"] else StandIn()
        except NotMade as error:
            pe = self._flaw(str(error), place, error.remedy)
        except LoadingError as error:
            pe = self._flaw(str(error), place, cause=error.__cause__)
        except Exception as error:  # noqa: BLE001 - raised by the constructor of a user's PE
            last = traceback.extract_tb(error.__traceback__)[-1]
            text = f"{one['use']} cannot be made: {type(error).__name__}: {error}, at {last.filename}:{last.lineno}"
            pe = self._flaw(text, place, cause=error)
        if id(pe) in self.graph.added:
            pe = self._flaw(f"{one['use']} is one PE, and used for two", place, "name its class")
        self.graph.added[id(pe)] = Added(pe, place, {**one["settings"], "name": one["name"]})
        return pe

    def _made(self, one: Mapping[str, Any]) -> GenericPE:
        key: dict[str, Any] = {"start": None, "key": self._key(one["name"])} if one["as"] == "fold" else {}
        return make(self._found(one["use"]), one["as"], params=one["with"], **{**key, **one["more"]})

    def _key(self, fold: str) -> Any:
        """What the connections into a fold say; one for all of them."""
        into = [one for one in self.resolved["connections"] if one["to"][0] == fold]
        said = {repr((one["grouping"], one["function"])) for one in into}
        if len(said) > 1:
            raise NotMade("the connections into a fold have different keys", "give all of them the same group_by")
        if not into or into[0]["grouping"] in ("all", "global", "shuffle"):
            return None
        return self._found(into[0]["function"]) if into[0]["function"] else into[0]["grouping"]

    def _found(self, use: str) -> Any:
        module, name = load_module(use, self.root)
        place = self.root.joinpath(*module.__name__.split("."))
        meant = next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)
        found = getattr(module, "__file__", None)
        if meant is not None and (found is None or not meant.samefile(found)):
            raise LoadingError(f"{use}: {meant} is meant, and another {module.__name__} is imported already, {found}")
        return named(module, name, use)

    def _connect(self, one: Mapping[str, Any]) -> None:
        place = self._place(one["at"])
        (source, out), (target, into) = one["from"], one["to"]
        ends = self._end(source, place), self._end(target, place)
        grouping = one["grouping"]
        if one["function"]:
            try:
                grouping = self._found(one["function"])
            except LoadingError as error:
                self._flaw(str(error), place, cause=error.__cause__)
        names = {"output": source, "input": target}

        def which(kind: str, ports: Sequence[str]) -> str:
            return f"say which: {' or '.join(f'{names[kind]}.{port}' for port in ports)}"

        join(self.graph, (ends[0], out), (ends[1], into), place, grouping, which)

    def _end(self, name: str | None, place: Location) -> GenericPE:
        if name is not None:
            return self.made[name]
        pe = StandIn()
        self.graph.added[id(pe)] = Added(pe, place)
        return pe

    def _flaw(self, text: str, place: Location, remedy: str = "", cause: BaseException | None = None) -> GenericPE:
        flaw = Flaw(text, place, remedy)
        self.graph.flaws.append(flaw)
        self.causes[flaw] = cause
        return StandIn()

    def _place(self, at: Any) -> Location:
        return Location(self.file, *at)

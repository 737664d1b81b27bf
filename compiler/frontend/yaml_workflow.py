"""From a YAML file to a resolved definition: parameters filled in, every problem with file, line and column.

What is wrong is left out of the resolved definition, so that the rest can be looked at, too.
"""

import inspect
import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from sferic.compiler.diagnostics import Problem, WrongInput, nearest
from sferic.compiler.frontend import yaml_text
from sferic.compiler.frontend.yaml_fill import fill
from sferic.compiler.frontend.yaml_model import PE, TYPES, Connection, Parameters, Workflow
from sferic.runtime.loading import LoadingError, filled
from sferic.runtime.resolved import Resolved
from sferic.runtime.settings import SETTING_NAMES

_MODELS = {"pes": PE, "connections": Connection}
_OF_WAYS = {"ports": "branch", "start": "fold", "running": "fold"}
_WORDS = {
    "model_type": "must be a mapping of keys",
    "dict_type": "must be a mapping of keys",
    "list_type": "must be a list",
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}
_NAMED = "package.module:name"


def resolve(file: str, root: Path, params: Mapping[str, str]) -> tuple[Resolved, list[Problem]]:
    """(definition as data, what is wrong with the file). `file` is below `root`; `params` are those of -p."""
    path = root / file
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise LoadingError(f"{file}: not UTF-8 ({error.reason} at byte {error.start})") from error
    except OSError as error:
        raise LoadingError(f"{file}: cannot be read ({error.strerror})") from error
    return resolve_text(text, file, root, params)


def resolve_text(text: str, file: str, root: Path, params: Mapping[str, str]) -> tuple[Resolved, list[Problem]]:
    """The same of the text that is in the file."""
    document = yaml_text.read(text, str(root / file))
    if not isinstance(document.data, dict):
        told = "no workflow: it has no `workflow: NAME` and no `pes:`"
        raise WrongInput([*document.problems, Problem(told, document.place(()))])
    reading = _Reading(document, document.problems)
    reading.parameters(params, file)
    reading.check()
    resolved = reading.resolved(file)
    return resolved, sorted(reading.problems, key=lambda problem: problem.location)


@dataclass
class _Reading:
    document: yaml_text.Document
    problems: list[Problem]
    broken: set[str] = field(default_factory=set[str])  # PEs that do not say what they are

    def problem(self, text: str, path: yaml_text.Path, remedy: str = "", *, key: bool = False) -> None:
        self.problems.append(Problem(text, self.document.place(path, key=key), remedy))

    def parameters(self, params: Mapping[str, str], file: str) -> None:
        """Put parameters in the place of ``${name}``, everywhere but among the parameters."""
        values: dict[str, Any] = {}
        signature: dict[str, inspect.Parameter] = {}
        said = self.document.data.get("parameters")
        for name, value in cast(dict[str, Any], said).items() if isinstance(said, dict) else ():
            values[name] = None if isinstance(value, dict) else value
            if keyword.iskeyword(name):
                self.problem(f"{name!r} is no name for a parameter", ("parameters", name), key=True)
            elif _is_whole(name, value):  # what is wrong with others is told with all else
                signature[name] = _parameter(name, value)
        try:
            values |= filled(signature, params, file)
        except LoadingError as error:
            self.problem(str(error).removeprefix(f"{file}: "), ("parameters",), key=True)
        fill(self.document.data, values, self._no_parameter)

    def _no_parameter(self, text: str, path: yaml_text.Path, remedy: str) -> None:
        self.problem(text, path, remedy)
        if path[0] == "pes" and len(path) > 1:
            self.broken.add(str(path[1]))

    def check(self) -> None:
        """Note what the model finds wrong, and leave it out."""
        data = self.document.data
        try:
            Workflow.model_validate(data)
        except ValidationError as found:
            for error in found.errors(include_url=False):
                self._wrong(error["type"], tuple(part for part in error["loc"] if part != "[key]"), error)
        for section, empty in (("pes", dict), ("connections", list), ("partitions", list), ("include", list)):
            if not isinstance(data.get(section), empty):
                data[section] = empty()

    def _wrong(self, kind: str, path: yaml_text.Path, error: Mapping[str, Any]) -> None:
        name = path[-1]
        if kind == "missing":
            self.problem(f"{name!r} is missing", path[:-1], key=True)
        elif kind == "extra_forbidden":
            model = _MODELS.get(str(path[0]), Workflow) if len(path) > 1 else Workflow
            known = [one.alias or key for key, one in model.model_fields.items()]
            self.problem(f"there is no key {name!r}", path, nearest(str(name), known), key=True)
        elif kind == "string_pattern_mismatch":
            form = f"written as {_NAMED}" if name == "use" else "a name of letters, digits and _"
            self.problem(f"{error['input']!r} is not {form}", path)
        elif kind == "literal_error":
            known = error["ctx"]["expected"].removeprefix("'', ")
            self.problem(f"{name} must be one of {known}, not {error['input']!r}", path)
        elif kind == "value_error":
            self.problem(str(error["ctx"]["error"]), path)
        else:
            what = name if isinstance(name, str) else f"number {name + 1} of {path[-2]}"
            text = f"{what} {_WORDS.get(kind, error['msg'])}"
            self.problem(f"{text}, not {error['input']!r}" if error["input"] else text, path)
        self._leave_out(path)

    def _leave_out(self, path: yaml_text.Path) -> None:
        section, *inside = path
        data: Any = self.document.data
        if section not in _MODELS or not inside:
            data.pop(section, None)
            return
        if section == "pes" and (len(inside) == 1 or inside[1] == "use"):
            self.broken.add(str(inside[0]))
        if len(inside) == 1:
            data[section][inside[0]] = {}
        else:
            data[section][inside[0]].pop(inside[1], None)

    def resolved(self, file: str) -> Resolved:
        """As runtime/resolved.py says."""
        data = self.document.data
        partitions = [self._partition(index, names) for index, names in enumerate(data["partitions"])]
        return {
            "name": data.get("workflow") or "",
            "file": file,
            "include": [[one, self._at(("include", i))] for i, one in enumerate(data["include"])],
            "pes": [self._pe(name, one) for name, one in data["pes"].items()],
            "connections": [self._connection(index, one) for index, one in enumerate(data["connections"])],
            "partitions": [] if None in partitions else partitions,
            "partitions_at": self._at(("partitions",)) if data["partitions"] else None,
        }

    def _pe(self, name: str, one: Mapping[str, Any]) -> dict[str, Any]:
        path, way = ("pes", name), one.get("as", "")
        for key in _OF_WAYS.keys() & one.keys():
            if way != _OF_WAYS[key]:
                self.problem(
                    f"only a {_OF_WAYS[key]} says {key!r}",
                    (*path, key),
                    f"drop it, or add as: {_OF_WAYS[key]}",
                    key=True,
                )
        if way == "fold" and "start" not in one:
            self.problem("a fold says its 'start'", path, "such as start: 0", key=True)
        return {
            "name": name,
            "use": "" if name in self.broken else one["use"],
            "as": way,
            "with": one.get("with", {}),
            "more": {key: one[key] for key in _OF_WAYS if key in one and way == _OF_WAYS[key]},
            "settings": {key: one[key] for key in (*SETTING_NAMES, "optional") if key in one},
            "at": self._at(path),
        }

    def _connection(self, index: int, one: Mapping[str, Any]) -> dict[str, Any]:
        path, by = ("connections", index), one.get("group_by")
        function = by if isinstance(by, str) and ":" in by else ""
        if by is not None and one.get("grouping"):
            self.problem("both group_by and grouping", path, "an item goes one of the two ways")
        fields = cast(Any, by) if isinstance(by, list) or by is None else [by]
        return {
            "from": self._end(one.get("from"), (*path, "from")),
            "to": self._end(one.get("to"), (*path, "to")),
            "grouping": None if function else fields or one.get("grouping"),
            "function": function,
            "at": self._at(path),
        }

    def _end(self, text: str | None, path: yaml_text.Path) -> list[str | None]:
        """[PE, port or None]; a PE may have dots in its name."""
        known = self.document.data["pes"]
        if text is None:
            return [None, None]
        name, dot, port = text.rpartition(".")
        if text in known or not dot:
            name, port = text, ""
        if name in known:
            return [name, port or None]
        self.problem(f"{name!r} is no PE of this workflow", path, nearest(name, known))
        return [None, port or None]

    def _partition(self, index: int, names: Sequence[str]) -> list[str] | None:
        """The names; None if one is of no PE: what all partitions leave out cannot be told then."""
        known = self.document.data["pes"]
        wrong = [inner for inner, name in enumerate(names) if name not in known]
        for inner in wrong:
            path, name = ("partitions", index, inner), names[inner]
            self.problem(f"{name!r} is no PE of this workflow", path, nearest(name, known))
        return None if wrong else list(names)

    def _at(self, path: yaml_text.Path) -> list[int]:
        place = self.document.place(path, key=True)
        return [place.line, place.column]


def _is_whole(name: str, said: Any) -> bool:
    try:
        TypeAdapter(Parameters).validate_python({name: said})
    except ValidationError:
        return False
    return True


def _parameter(name: str, said: Any) -> inspect.Parameter:
    """As a function would have it: its default, or of a type and to be given."""
    if isinstance(said, dict):
        kind, default = TYPES[cast(dict[str, str], said)["type"]], inspect.Parameter.empty
    else:
        kind, default = cast(Any, type(said)), said
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)

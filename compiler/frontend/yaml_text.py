"""YAML as data with the place of every key and value: bounded, and without anything that could run code.

What a plain scalar means is YAML 1.2's core schema: `yes`, `on`, dates and `1:30` are texts, not what 1.1 made of them.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.runtime.location import Location

Path = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times as fast where it is there
_DEEPEST = 50
_MOST = 200_000  # values, those that aliases repeat counted each time
_LONGEST = 4 << 20  # characters
_DIGITS = 4000  # beyond them Python converts no text to a number
_SCALARS: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"~|null|Null|NULL|"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"[-+]?[0-9]+"), lambda text: int(text) if len(text) < _DIGITS else text),
    (re.compile(r"0o[0-7]+"), lambda text: int(text[2:], 8)),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: int(text[2:], 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), lambda text: float(text.replace(".", ""))),
)


@dataclass(frozen=True, slots=True)
class Document:
    """What a text says. `keys` and `values` hold the places, by path from the top; `problems` what was left out."""

    data: Any
    keys: dict[Path, Location]
    values: dict[Path, Location]
    problems: list[Problem]

    def place(self, path: Path, *, key: bool = False) -> Location:
        """Of the value at `path`, or of its key, or of what is around it."""
        for places in (self.keys, self.values) if key else (self.values, self.keys):
            if path in places:
                return places[path]
        return self.place(path[:-1]) if path else self.values[()]


@dataclass(slots=True)
class _Node:
    at: Location
    scalar: Any = None
    items: "list[_Node] | None" = None
    pairs: "list[tuple[_Node, _Node]] | None" = None


def read(text: str, file: str) -> Document:
    """Read one document. WrongInput where the text is no YAML, or one that is made to be too much."""
    if len(text) > _LONGEST:
        raise WrongInput([Problem(f"more than {_LONGEST >> 20} MiB of YAML", Location(file, 0))])
    parser: Any = yaml
    composing = _Composing(parser.parse(text, Loader=_LOADER), file)
    try:
        root = composing.document()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = Problem(f"a character that YAML does not allow: {error.character!r}", Location(file, line))
        raise WrongInput([problem]) from error
    except yaml.MarkedYAMLError as error:
        words = " ".join(filter(None, [error.context, error.problem]))
        place = composing.place(error.problem_mark or error.context_mark)
        raise WrongInput([*composing.problems, Problem(f"not YAML: {words}", place)]) from error
    expanding = _Expanding(composing.problems)
    data = expanding.value(root, ())
    return Document(data, expanding.keys, expanding.values, composing.problems)


class _Composing:
    """From the parser's events to nodes. An anchor counts from the end of its node, so that no alias is a circle."""

    def __init__(self, events: Iterator[Any], file: str) -> None:
        self.events, self.file = events, file
        self.problems: list[Problem] = []
        self.anchors: dict[str, _Node] = {}

    def document(self) -> _Node:
        events = self.events
        next(events)  # of the stream
        if isinstance(next(events), yaml.StreamEndEvent):
            return _Node(Location(self.file, 1, 1))
        root = self.node(next(events), 0)
        next(events)  # the document's end
        more = next(events)
        if not isinstance(more, yaml.StreamEndEvent):
            self.problem("a second document", more, "a file holds one workflow")
        return root

    def node(self, event: Any, depth: int) -> _Node:
        if depth > _DEEPEST:
            raise WrongInput([*self.problems, _too_deep(self.place(event.start_mark))])
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        node = _Node(self.place(event.start_mark))
        if isinstance(event, yaml.ScalarEvent):
            node.scalar = _plain(event.value) if event.implicit[0] else event.value
        elif isinstance(event, yaml.SequenceStartEvent):
            node.items = []
            while not isinstance(inner := next(self.events), yaml.SequenceEndEvent):
                node.items.append(self.node(inner, depth + 1))
        else:
            node.pairs = []
            while not isinstance(inner := next(self.events), yaml.MappingEndEvent):
                key = self.node(inner, depth + 1)
                node.pairs.append((key, self.node(next(self.events), depth + 1)))
        if event.tag not in (None, "!"):
            self.problem(f"the tag {event.tag}", event, "drop it: a workflow's file says names, texts, numbers")
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def alias(self, event: Any) -> _Node:
        if event.anchor not in self.anchors:
            self.problem(f"*{event.anchor} has no anchor before it", event, f"mark what is meant with &{event.anchor}")
        return self.anchors.get(event.anchor) or _Node(self.place(event.start_mark))

    def problem(self, text: str, event: Any, remedy: str) -> None:
        self.problems.append(Problem(text, self.place(event.start_mark), remedy))

    def place(self, mark: Any) -> Location:
        return Location(self.file, mark.line + 1, mark.column + 1) if mark else Location(self.file, 0)


@dataclass
class _Expanding:
    """From nodes to data; an alias gives what its anchor gives, once more."""

    problems: list[Problem]
    keys: dict[Path, Location] = field(default_factory=dict[Path, Location])
    values: dict[Path, Location] = field(default_factory=dict[Path, Location])

    def value(self, node: _Node, path: Path) -> Any:
        if len(self.values) >= _MOST:
            text = f"more than {_MOST:,} values, with what aliases repeat"
            raise WrongInput([*self.problems, Problem(text, node.at, "write a definition as Python, with loops")])
        if len(path) > _DEEPEST:  # by aliases of aliases
            raise WrongInput([*self.problems, _too_deep(node.at)])
        self.values[path] = node.at
        if node.items is not None:
            return [self.value(item, (*path, index)) for index, item in enumerate(node.items)]
        if node.pairs is None:
            return node.scalar
        found: dict[str, Any] = {}
        for key, value in node.pairs:
            name = key.scalar
            if not isinstance(name, str):
                what = "a list or mapping" if key.items is not None or key.pairs is not None else repr(name)
                self.problems.append(Problem(f"{what} as a key", key.at, "keys are texts: put it into quotes"))
            elif name == "<<":
                self.problems.append(Problem("<< merges nothing here", key.at, "write the keys out"))
            elif name in found:
                first = self.keys[*path, name]
                self.problems.append(Problem(f"the key {name!r} is there twice", key.at, f"first in line {first.line}"))
            else:
                self.keys[*path, name] = key.at
                found[name] = self.value(value, (*path, name))
        return found


def _too_deep(at: Location) -> Problem:
    return Problem(f"nested more than {_DEEPEST} levels deep", at, "make it flatter")


def _plain(text: str) -> Any:
    for pattern, convert in _SCALARS:
        if pattern.fullmatch(text):
            return convert(text)
    return text

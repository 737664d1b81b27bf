"""Which installed packages a workflow's files import, found in the text as the files that travel are; and what is
packed with an artefact so that workers need not have them."""

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sferic.runtime.compat.names import MODULES
from sferic.runtime.location import Location

_ABSENT_OK = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


@dataclass(frozen=True, slots=True)
class Imported:
    """A module of a third party, where it is imported first. `optional`: its absence is caught there."""

    module: str
    location: Location
    optional: bool = False

    @property
    def top(self) -> str:
        """The name that is looked for on sys.path."""
        return self.module.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Distribution:
    """One that is packed. `sha256`: of its wheel."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Packages:
    """Distributions installed into `folder`, for one minor version of Python ("3.11") on one platform."""

    folder: Path
    python: str
    platform: str
    distributions: tuple[Distribution, ...]


def third_party(root: Path, files: Iterable[str], uses: Sequence[str] = ()) -> list[Imported]:
    """What the Python files at these paths below `root` import of third parties, and modules that YAML `uses`."""
    paths = sorted(files)
    own = {Path(path).parts[0].removesuffix(".py") for path in paths}
    found: dict[str, Imported] = {}
    for use in uses:
        _note(found, Imported(use.partition(":")[0], Location(str(root), 0)), own)
    for path in paths:
        if path.endswith(".py"):
            for one in _imports(root / path):
                _note(found, one, own)
    return [found[module] for module in sorted(found)]


def _note(found: dict[str, Imported], one: Imported, own: set[str]) -> None:
    if not one.top.isidentifier() or one.top in own or one.top in sys.stdlib_module_names or one.top == "sferic":
        return
    if one.top == "dispel4py" and (one.module in MODULES or one.module == "dispel4py"):
        return  # answered by ours
    before = found.get(one.module)
    if before is None or before.optional:
        found[one.module] = one


def _imports(path: Path) -> Iterator[Imported]:
    for name, line, optional in _walk(ast.parse(path.read_bytes()), optional=False):
        yield Imported(name, Location(str(path), line), optional)


def _walk(node: ast.AST, *, optional: bool) -> Iterator[tuple[str, int, bool]]:
    if isinstance(node, ast.Import):
        yield from ((alias.name, node.lineno, optional) for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module, node.lineno, optional
    elif isinstance(node, ast.Call) and _name(node.func) in ("import_module", "__import__"):
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str) and not first.value.startswith("."):
            yield first.value, node.lineno, optional
    for part, children in ast.iter_fields(node):
        if part == "body" and isinstance(node, ast.If) and _name(node.test) == "TYPE_CHECKING":
            continue
        inside = optional or (part == "body" and isinstance(node, ast.Try) and any(map(_forgives, node.handlers)))
        for child in children if isinstance(children, list) else [children]:  # pyright: ignore[reportUnknownVariableType] - ast says Any
            if isinstance(child, ast.AST):
                yield from _walk(child, optional=inside)


def _name(node: ast.AST | None) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _forgives(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or _name(kind) in _ABSENT_OK for kind in kinds)

"""Which of the user's files travel to workers: the workflow's own, and what it imports from the same folder."""

import ast
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.runtime.location import Location


def travelling_files(
    target: str, root: Path, uses: Sequence[str] = (), include: Sequence[tuple[str, Sequence[int]]] = ()
) -> tuple[tuple[str, str], ...]:
    """(path below `root`, sha256) of every file, sorted by path.

    Imports are found in the text, not by running it; a module-level ``include = ["data/*.txt"]`` adds files. Of YAML
    the files are those of the modules that it `uses`, and of `include`, each with its line and column.
    """
    firsts = [first_file(one, root) for one in (uses or [target])]
    waiting = [path for first in firsts if first is not None for path in (first, *_packages_above(first, root))]
    for pattern, at in include:
        waiting += _matching(pattern, root, Location(str(root / target), *at))
    found: dict[Path, bytes] = {}
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path] = path.read_bytes()
        if path.suffix == ".py":
            waiting += _mentioned(path, found[path], root)
    return tuple(
        sorted((path.relative_to(root).as_posix(), hashlib.sha256(data).hexdigest()) for path, data in found.items())
    )


def first_file(target: str, root: Path) -> Path | None:
    """The workflow's own file; None where it is not below `root`."""
    place = target.partition(":")[0]
    first = root / place if place.endswith(".py") else _module_file(place, root)
    return first if first is not None and first.is_file() else None


def included(file: Path) -> list[tuple[str, int]]:
    """(pattern, line) of each that the file's `include` lists."""
    return list(_included(ast.parse(file.read_bytes())))


def _module_file(module: str, root: Path) -> Path | None:
    base = root.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _mentioned(path: Path, text: bytes, root: Path) -> Iterator[Path]:
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise WrongInput([Problem(f"not Python: {error.msg}", Location(str(path), error.lineno or 0))]) from error
    for node in ast.walk(tree):
        for module in _imported(node, path, root):
            file = _module_file(module, root)
            if file is not None:
                yield file
                yield from _packages_above(file, root)
    for pattern, line in _included(tree):
        yield from _matching(pattern, root, Location(str(path), line))


def _matching(pattern: str, root: Path, place: Location) -> list[Path]:
    if not pattern or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        text = f"include: {pattern!r} is no pattern of files below {root}"
        raise WrongInput([Problem(text, place, "write it from there, such as data/*.txt")])
    files = sorted(root.glob(pattern))
    if not files:
        raise WrongInput([Problem(f"include: no file matches {pattern!r}", place)])
    outside = [file for file in files if not file.resolve().is_relative_to(root.resolve())]
    if outside:
        text = f"include: {outside[0].relative_to(root)} is a link to {outside[0].resolve()}, outside {root}"
        raise WrongInput([Problem(text, place, "put a copy there: a link could let any file of yours travel")])
    return [file for file in files if file.is_file()]


def _imported(node: ast.AST, path: Path, root: Path) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            folder = path.parents[node.level - 1].relative_to(root)
            base = ".".join([*folder.parts, *filter(None, [node.module])])
        if base:
            yield base
        yield from (f"{base}.{alias.name}".lstrip(".") for alias in node.names)


def _packages_above(file: Path, root: Path) -> Iterator[Path]:
    for folder in file.parents:
        if folder == root:
            return
        if (folder / "__init__.py").is_file():
            yield folder / "__init__.py"


def _included(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "include" for t in node.targets):
            for constant in ast.walk(node.value):
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                    yield constant.value, node.lineno

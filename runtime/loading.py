"""Finds the workflow that `file.py`, `file.py:name` or `package.module:name` stands for."""

import difflib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from sferic.runtime.compat.finder import ReadEnough
from sferic.runtime.workflow import WorkflowGraph

_BUILDERS = ("graph", "workflow", "build")
_CONVERT: dict[type, Callable[[str], Any]] = {int: int, float: float, str: str}
_TRUE, _FALSE = ("true", "yes", "1", "on"), ("false", "no", "0", "off")
_PACKAGE = Path(__file__).parents[1]
_loading: ContextVar[str] = ContextVar("target that is being imported", default="")

PICKLED = "definition.pkl"  # a graph that lived only in the process that runs it


class LoadingError(ValueError):
    """A target that is no workflow; the text says where and what to do."""


def load_graph(target: str, params: Mapping[str, str] | None = None, root: Path | None = None) -> WorkflowGraph:
    """Import the module of `target` (a file relative to `root`) and take or build its graph."""
    module, name = load_module(target, root or Path.cwd())
    found = named(module, name, target) if name else _only_one(module, target)
    return _build(found, dict(params or {}), target)


def load_pickled(folder: Path) -> WorkflowGraph:
    """Read a graph that the command which started this process wrote, into a folder only its user can write to."""
    pickle: Any = importlib.import_module("cloudpickle")
    graph, classes = pickle.loads((folder / PICKLED).read_bytes())
    for name, named in classes.items():
        if name == "__main__" or name not in sys.modules:
            sys.modules[name] = ModuleType(name, "Classes that travelled with their workflow.")
        vars(sys.modules[name]).update(named)
    return graph


def load_module(target: str, root: Path) -> tuple[ModuleType, str]:
    """(module, name) of a target; the name is empty where none was given."""
    place, _, name = target.rpartition(":") if ":" in target else (target, "", "")
    if place.endswith(".py"):
        return _import_file((root / place).resolve(), target), name
    if not all(part.isidentifier() for part in place.split(".")) or _is_file(root / place):
        raise LoadingError(f"{target!r} is no workflow: write file.py, file.py:name or package.module:name")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    if _is_nowhere(place):
        raise LoadingError(f"{target}: there is no module {place} in {root}, and none is installed")
    return _import_module(place, target), name


def _is_nowhere(module: str) -> bool:
    first = module.partition(".")[0]
    return first not in sys.modules and importlib.util.find_spec(first) is None


def _import_module(name: str, target: str) -> ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    spec = _guarded(lambda: importlib.util.find_spec(name), target)
    if spec is None or spec.loader is None:
        return _guarded(lambda: importlib.import_module(name), target)
    module = _execute(spec, name, target)
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, module)
    return module


def _execute(spec: ModuleSpec, name: str, target: str) -> ModuleType:
    module = importlib.util.module_from_spec(spec)
    loader = spec.loader
    assert loader is not None
    sys.modules[name] = module
    try:
        _guarded(lambda: loader.exec_module(module), target)
    except ReadEnough:
        pass
    except LoadingError:
        del sys.modules[name]
        raise
    return module


def _import_file(path: Path, target: str) -> ModuleType:
    if not _is_file(path):
        near = difflib.get_close_matches(path.name, [each.name for each in path.parent.glob("*.py")], 1)
        raise LoadingError(f"{target}: there is no file {path}{f'; did you mean {near[0]}?' if near else ''}")
    stem = path.stem
    known = sys.modules.get(stem)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    if known is not None or not stem.isidentifier():
        stem = f"sferic_workflow_{path.stem}"
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(stem, path)
    assert spec is not None
    try:
        return _execute(spec, stem, target)
    except LoadingError as error:
        if isinstance(error.__cause__, ImportError) and "no known parent package" in str(error.__cause__):
            raise LoadingError(f"{error}\n{_in_its_package(path, target)}") from error.__cause__
        raise


def _in_its_package(path: Path, target: str) -> str:
    """What to write for a file that imports from the package around it."""
    parts, folder = [path.parent.name, path.stem], path.parent.parent
    while (folder / "__init__.py").is_file():
        parts, folder = [folder.name, *parts], folder.parent
    _, colon, name = target.partition(":")
    return f"It belongs to a package: name it {'.'.join(parts)}{colon}{name}, in the folder {folder}."


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than any file's
        return False


def refuse_while_loading(what: str) -> None:
    """Raises while a workflow's file is being imported: each process of a run imports it, and would do `what` again."""
    target = _loading.get()
    if target:
        raise RuntimeError(
            f"{what} was called while {target} was imported, and every process of a run imports it. "
            'Put the call below: if __name__ == "__main__":'
        )


@contextmanager
def allowed_while_loading() -> Generator[None]:
    """For what a workflow's file may do while it is imported, and what is not done in the other processes."""
    outer = _loading.set("")
    try:
        yield
    finally:
        _loading.reset(outer)


def _python2_advice(error: BaseException) -> str:
    """What to change in a file of Python 2's; empty for any other error."""
    from sferic.runtime.compat.python2 import advice  # noqa: PLC0415 - only errors need it

    return advice(error)


def _guarded(load: Callable[[], Any], target: str) -> Any:
    outer = _loading.set(target)
    try:
        return load()
    except (Exception, SystemExit) as error:
        text = f"{target}: cannot be loaded\n{_users_frames(error)}"
        leftovers = _python2_advice(error)
        if leftovers:
            text += f"\n{leftovers}"
        elif isinstance(error, ModuleNotFoundError):
            text += f"\nInstall {error.name} for {sys.executable}, or mend its name."
        raise LoadingError(text) from error
    finally:
        _loading.reset(outer)


def _users_frames(error: BaseException) -> str:
    frames = traceback.TracebackException.from_exception(error)
    kept = [frame for frame in frames.stack if "importlib" not in frame.filename and not _ours(frame.filename)]
    frames.stack = traceback.StackSummary.from_list(kept)
    return "".join(frames.format(chain=False)).rstrip()


def _ours(filename: str) -> bool:
    path = Path(filename)
    return _PACKAGE in path.parents or Path(__file__).resolve().parent in path.resolve().parents


def named(module: ModuleType, name: str, target: str) -> Any:
    """What a module calls `name`."""
    found = getattr(module, name, None)
    if found is None:
        near = difflib.get_close_matches(name, vars(module), 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise LoadingError(f"{target}: {_file(module)} has nothing named {name!r}{hint}")
    return found


def _file(module: ModuleType) -> str:
    return vars(module).get("__file__") or module.__name__


def _only_one(module: ModuleType, target: str) -> Any:
    graphs = {
        name: value for name, value in vars(module).items() if isinstance(value, WorkflowGraph) and not value.inner
    }
    if len({id(value) for value in graphs.values()}) == 1:
        return next(iter(graphs.values()))
    if not graphs:
        for name in _BUILDERS:
            if callable(getattr(module, name, None)):
                return getattr(module, name)
        raise LoadingError(
            f"{target}: no WorkflowGraph in {_file(module)}, and no function named {' or '.join(_BUILDERS)}. "
            f"Assign one at the top level (graph = WorkflowGraph()), or name the function that builds it: {target}:NAME"
        )
    if "graph" in graphs:
        return graphs["graph"]
    raise LoadingError(f"{target}: several workflows ({', '.join(sorted(graphs))}); name one: {target}:NAME")


def _build(found: Any, params: dict[str, str], target: str) -> WorkflowGraph:
    if isinstance(found, WorkflowGraph):
        if params:
            raise LoadingError(
                f"{target}: nothing takes -p {next(iter(params))}=…: this is a graph that is built already. Parameters "
                f"go to a function that builds one, such as def build({next(iter(params))}): …"
            )
        return found
    if not callable(found) or isinstance(found, type):
        raise LoadingError(f"{target}: {_kind(found)}, neither a WorkflowGraph nor a function that builds one")
    arguments = filled(inspect.signature(cast(Callable[..., Any], found)).parameters, params, target)
    try:
        graph: Any = _guarded(lambda: found(**arguments), target)
    except ReadEnough:
        raise LoadingError(f"{target}: starts a run, which a worker cannot; start it outside the function") from None
    if not isinstance(graph, WorkflowGraph):
        raise LoadingError(f"{target}: returned a {type(graph).__name__}; it must return a WorkflowGraph")
    return graph


def _kind(found: Any) -> str:
    return f"the class {found.__name__}" if isinstance(found, type) else f"a {type(found).__name__}"


def filled(signature: Mapping[str, inspect.Parameter], params: Mapping[str, str], target: str) -> dict[str, Any]:
    """-p parameters as what they are to be; LoadingError for one that is unknown, lacks or does not fit."""
    known = {name: p for name, p in signature.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    for name in params:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            has = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(known) or 'none'}"
            raise LoadingError(f"{target}: has no parameter {name!r}{has}")
    missing = [name for name, p in known.items() if p.default is p.empty and name not in params]
    if missing:
        raise LoadingError(f"{target}: needs -p {' -p '.join(f'{name}=…' for name in missing)}")
    return {name: _convert(known[name], value, target) for name, value in params.items()}


def _convert(parameter: inspect.Parameter, text: str, target: str) -> Any:
    kind: Any = parameter.annotation
    if isinstance(kind, str):
        kind = {"int": int, "float": float, "bool": bool, "str": str}.get(kind, parameter.empty)
    if kind is parameter.empty and parameter.default not in (parameter.empty, None):
        kind = cast(type[Any], type(parameter.default))
    try:
        if kind is bool:
            if text.lower() not in (*_TRUE, *_FALSE):
                raise ValueError(text)
            return text.lower() in _TRUE
        return _CONVERT.get(kind, str)(text)
    except ValueError:
        raise LoadingError(f"{target}: -p {parameter.name}={text}: not of type {kind.__name__}") from None

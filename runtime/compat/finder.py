"""Answers `import dispel4py…` with our classes, for as long as it is asked to."""

import importlib
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from sferic.runtime.compat.names import MODULES, NAMES_WITHOUT, PACKAGES, instead_of

Runner = Callable[..., Any]


class NoCounterpart(ImportError):  # noqa: N818 - reads as what it is in `raise NoCounterpart(…)`
    """A name of dispel4py's that there is not here; the text says what to use."""


class ReadEnough(BaseException):
    """The file that is being read starts a run itself: a worker has all it needs of it. A BaseException, since the
    file may catch what its run raises."""


def read_enough(*_given: Any, **_how: Any) -> Any:
    """What a file starts that a worker reads."""
    raise ReadEnough


def refuse_runs(*_given: Any, **_how: Any) -> Any:
    """What workers start once they have read their file."""
    raise RuntimeError("a PE cannot start a workflow on this target: start it in the file that is run")


class Answers:
    """A finder and loader of modules. `run` starts a workflow for a file that itself starts one; None in workers."""

    def __init__(self, run: Runner | None = None) -> None:
        self.run = run
        self.answered = False  # has anybody asked?

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """importlib's protocol. What is not answered may come from another dispel4py, such as a user's examples."""
        if name.partition(".")[0] != "dispel4py":
            return None
        if name in MODULES:
            spec = ModuleSpec(name, self, is_package=name in PACKAGES)  # pyright: ignore[reportArgumentType] - a loader by what it does
            if name in PACKAGES:
                other = PathFinder.find_spec(name, path)
                spec.submodule_search_locations = list((other and other.submodule_search_locations) or [])
            return spec
        instead = instead_of(name)
        if instead:
            raise NoCounterpart(f"{name} has no counterpart in sferic: {instead}", name=name)
        found = PathFinder.find_spec(name, path)
        if found is None:
            known = f"{name} is no module of dispel4py's that sferic knows, and no installed dispel4py has it"
            remedy = (
                "install dispel4py for its examples; import what is yours under its own name, from beside your file"
            )
            raise NoCounterpart(f"{known}: {remedy}", name=name)
        return found

    def other(self) -> str:
        """Where there is another dispel4py, which is not asked; empty if there is none."""
        found = PathFinder.find_spec("dispel4py")
        if found is None:
            return ""
        return next(iter(found.submodule_search_locations or ()), found.origin or "")

    def create_module(self, spec: ModuleSpec) -> None:
        """importlib's protocol: a module of the usual kind."""

    def exec_module(self, module: ModuleType) -> None:
        """Fill a module with the names of ours."""
        self.answered = True
        ours = importlib.import_module(MODULES[module.__name__])
        vars(module).update({name: value for name, value in vars(ours).items() if not name.startswith("__")})
        module.__doc__ = ours.__doc__
        module.__getattr__ = _missing(module.__name__)  # type: ignore[method-assign]


def _missing(module: str) -> Callable[[str], Any]:
    def answer(name: str) -> Any:
        if name in NAMES_WITHOUT:
            raise NoCounterpart(f"{module}.{name} has no counterpart in sferic: {NAMES_WITHOUT[name]}", name=module)
        raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)

    return answer


def current() -> Answers | None:
    """Who answers in this process."""
    return next((finder for finder in sys.meta_path if isinstance(finder, Answers)), None)


def answer(run: Runner | None = None) -> Answers:
    """Answer from now on, in this process. RuntimeError if another dispel4py was imported before."""
    known = current()
    if known is not None:
        known.run = known.run or run
        return known
    other = sys.modules.get("dispel4py")
    if other is not None:
        place = getattr(other, "__file__", None) or "this process"
        raise RuntimeError(f"dispel4py of {place} is imported already: install sferic's answers before it is")
    answers = Answers(run)
    sys.meta_path.insert(0, answers)
    return answers


def stop_answering() -> None:
    """Answer no more, and forget what was answered."""
    known = current()
    if known is not None:
        sys.meta_path.remove(known)
        for name in [name for name in sys.modules if name.partition(".")[0] == "dispel4py"]:
            del sys.modules[name]


@contextmanager
def answering(run: Runner | None = None) -> Generator[Answers]:
    """Answer inside the block; where somebody answers already, go on with that."""
    before = current()
    answers = answer(run)
    try:
        yield answers
    finally:
        if before is None:
            stop_answering()

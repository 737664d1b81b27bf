"""What the PEs of an instance have become since preprocess: given away as bytes, and taken back by another process."""

import importlib
import io
import pickle
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sferic.runtime.host.state import OURS, attribute_fingerprint
from sferic.runtime.pe import GenericPE

_NOT_THERE = object()
_PLAIN = (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, type(None))

# Whose attributes pickles may name in place of holding them, while one is read.
_reading: ContextVar[Mapping[str, GenericPE]] = ContextVar("_reading")


class StateError(Exception):
    """An attribute that cannot be given away, or bytes that cannot be taken back; names PE and attribute."""


class Snapshots:
    """Gives away what these PEs' attributes are, where that is not what preprocess left, and takes it back.

    Make it before preprocess and call `begin` after it. What preprocess made and cannot be pickled (a socket, a model)
    is not state: the process that takes the state back makes its own.
    """

    def __init__(self, pes: Sequence[tuple[str, GenericPE]], *, by_value: bool = False) -> None:
        """`by_value`: the definition came as a pickle that holds its classes, and so shall the state."""
        self._pes = dict(pes)
        base: Any = importlib.import_module("cloudpickle").Pickler if by_value else pickle.Pickler
        self._pickler = _pickler(base)
        self._before = {path: dict(vars(pe)) for path, pe in pes}
        self._marks: dict[str, dict[str, Any]] = {}  # fingerprints after preprocess
        self._made: dict[str, dict[str, Any]] = {}  # what preprocess made

    def begin(self) -> None:
        """Preprocess is over: from here on changes are state."""
        for path, pe in self._pes.items():
            before = self._before.pop(path)
            self._marks[path] = {name: attribute_fingerprint(value) for name, value in _attributes(pe)}
            self._made[path] = {
                name: value for name, value in _attributes(pe) if before.get(name, _NOT_THERE) is not value
            }

    def give(self) -> bytes:
        """The state; b"" where nothing has changed. Raises StateError."""
        changed = {path: self._changed(path, pe) for path, pe in self._pes.items()}
        gone = {
            path: [name for name in marks if name not in vars(self._pes[path])] for path, marks in self._marks.items()
        }
        if not (any(changed.values()) or any(gone.values())):
            return b""
        known = dict(self._known(changed))
        try:
            return self._pickled((changed, gone), known)
        except Exception:  # noqa: BLE001 - pickling runs users' code; which attribute it was is found out next
            self._leave_out(changed, known)
        return self._pickled((changed, gone), known)

    def _pickled(self, value: Any, known: Mapping[int, tuple[str, str | None]]) -> bytes:
        file = io.BytesIO()
        self._pickler(file, known).dump(value)
        return file.getvalue()

    def take(self, state: bytes) -> None:
        """Let the PEs be what they were when `state` was given. Raises StateError."""
        if not state:
            return
        try:
            with _in_reach(self._pes):
                changed, gone = pickle.loads(state)  # noqa: S301 - where it was kept, code is kept, too
        except Exception as error:
            raise StateError(f"the state that was kept cannot be read: {type(error).__name__}: {error}") from error
        for path, attributes in changed.items():
            vars(self._pes[path]).update(attributes)
        for path, names in gone.items():
            for name in names:
                vars(self._pes[path]).pop(name, None)

    def _changed(self, path: str, pe: GenericPE) -> dict[str, Any]:
        marks = self._marks[path]
        return {
            name: value
            for name, value in _attributes(pe)
            if (mark := marks.get(name, _NOT_THERE)) is None or attribute_fingerprint(value) != mark
        }

    def _known(self, changed: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[int, tuple[str, str | None]]]:
        """What the other process has: it is named and not held. By id."""
        for path, pe in self._pes.items():
            for name, value in _attributes(pe):
                if name not in changed[path] and not isinstance(value, _PLAIN):
                    yield id(value), (path, name)
            yield id(pe), (path, None)

    def _leave_out(self, changed: dict[str, dict[str, Any]], known: Mapping[int, tuple[str, str | None]]) -> None:
        for path, attributes in changed.items():
            for name, value in list(attributes.items()):
                try:
                    self._pickled(value, known)
                except Exception as error:
                    if self._made[path].get(name, _NOT_THERE) is not value or _is_at_a_place(value):
                        raise StateError(
                            f"{path}.{name} cannot be kept ({type(value).__name__}: {error}). What has changed since "
                            "preprocess is kept between batches: make such things in preprocess, or mark the PE "
                            "stateless = True if nothing it holds has to outlive its process"
                        ) from error
                    del attributes[name]


def _pickler(base: Any) -> Any:
    """One that names what it is told to name, and otherwise does as `base`."""
    reduces = getattr(base, "reducer_override", None)

    class Pickler(base):
        def __init__(self, file: io.BytesIO, known: Mapping[int, tuple[str, str | None]]) -> None:
            super().__init__(file, protocol=5)  # pyright: ignore[reportUnknownMemberType] - whichever base it is
            self._known = known

        def reducer_override(self, obj: Any) -> Any:
            where = self._known.get(id(obj))
            if where is not None:
                return _here, where
            return NotImplemented if reduces is None else reduces(self, obj)

    return Pickler


def _here(path: str, name: str | None) -> Any:
    pe = _reading.get()[path]
    return pe if name is None else vars(pe)[name]


@contextmanager
def _in_reach(pes: Mapping[str, GenericPE]) -> Generator[None]:
    token = _reading.set(pes)
    try:
        yield
    finally:
        _reading.reset(token)


def _is_at_a_place(value: Any) -> bool:
    """Whether it is an iterator: another one would begin from the start."""
    return isinstance(value, Iterator) and not isinstance(value, io.IOBase)


def _attributes(pe: GenericPE) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in sorted(vars(pe).items()) if name not in OURS)

"""Which classes may travel, and the names they travel by."""

import dataclasses
import enum
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from sferic.runtime.codec.errors import CodecError, type_name, unregistered

_Class = TypeVar("_Class", bound=type)
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: set for classes made by a class statement

DATACLASS = "dataclass"
NAMED_TUPLE = "NamedTuple"
ENUM = "Enum"
PLAIN = "registered class"
EXTENSION = "registered class with its own encode and decode"


@dataclasses.dataclass(frozen=True, slots=True)
class Registration:
    """How one registered class travels; without `encode` and `decode`, by its attributes."""

    cls: type
    encode: Callable[[Any], Any] | None
    decode: Callable[[Any], Any] | None


class Registry:
    """Registered classes by name; the last registration of a name counts, as when a cell is run again."""

    def __init__(self) -> None:
        self.by_name: dict[str, Registration] = {}

    def add(self, registration: Registration) -> None:
        self.by_name[type_name(registration.cls)] = registration


# One a process, filled where user modules are imported: `register` must work before any codec exists.
_DEFAULT = Registry()


def register(
    cls: _Class, encode: Callable[[Any], Any] | None = None, decode: Callable[[Any], Any] | None = None
) -> _Class:
    """Let exactly `cls` travel (not its subclasses); returns it, so that it can be used as a decorator.

    Without more, an instance travels as its attributes, and no `__init__` runs where it arrives. `encode`
    turns an instance to something that can travel, `decode` turns that back; one is not given without the
    other. The process that receives must have run the same line. Raises TypeError for what is no class,
    ValueError for half a pair, or where attributes cannot be all of it.
    """
    if not isinstance(cls, type):  # pyright: ignore[reportUnnecessaryIsInstance] - users call it untyped
        raise TypeError(f"register takes a class, not {cls!r}")
    if (encode is None) != (decode is None):
        raise ValueError(f"register({cls.__qualname__}) takes encode and decode together")
    if encode is None and not is_plain_layout(cls) and kind_of(cls) is None:
        raise ValueError(
            f"register({cls.__qualname__}) needs encode= and decode=: its attributes are not all of it, "
            "it builds on a type made in C"
        )
    _DEFAULT.add(Registration(cls, encode, decode))
    return cls


def is_plain_layout(cls: type[Any]) -> bool:
    """True if instances are only attributes: no base but object is made in C."""
    return all(base is object or base.__flags__ & _HEAP_TYPE for base in cls.__mro__) and not _c_made(cls)


def _c_made(cls: type) -> bool:
    # A C extension may make heap types too; those bring their own __new__.
    return getattr(cls, "__new__", None) is not object.__new__ and isinstance(cls.__new__, types.BuiltinFunctionType)


def kind_of(cls: type[Any]) -> str | None:
    """DATACLASS, NAMED_TUPLE or ENUM if `cls` really is one, else None."""
    if issubclass(cls, enum.Enum):
        return ENUM
    if tuple in cls.__mro__:
        made = hasattr(cls, "_field_defaults") and type(getattr(cls, "_fields", None)) is tuple
        return NAMED_TUPLE if made else None
    # A __del__ would be code that runs on state which a stream chose.
    fields_only = is_plain_layout(cls) and not hasattr(cls, "__del__")
    return DATACLASS if fields_only and dataclasses.is_dataclass(cls) else None


def slots_of(cls: type) -> dict[str, types.MemberDescriptorType]:
    """The descriptors of all `__slots__` of `cls`, by name."""
    return {
        name: member
        for base in reversed(cls.__mro__)
        for name, member in vars(base).items()
        if isinstance(member, types.MemberDescriptorType)
    }


class TypeTable:
    """Finds classes by the names in a stream, among modules that this process has imported already.

    `aliases` maps a module's name here to its name elsewhere: a script that runs as `__main__` and is
    imported as `words` by workers has {"__main__": "words"}.
    """

    def __init__(self, aliases: Mapping[str, str] | None = None, registry: Registry | None = None) -> None:
        self._outside = dict(aliases or {})
        self._inside = {outside: inside for inside, outside in self._outside.items()}
        self._registry = registry or _DEFAULT

    def describe(self, cls: type) -> tuple[str, str, Registration | None]:
        """The name, kind and registration that `cls` travels by; raises CodecError if it may not travel."""
        registration = self._registry.by_name.get(type_name(cls))
        if registration is not None and registration.cls is cls:
            kind = EXTENSION if registration.encode else kind_of(cls) or PLAIN
            return self._outside_name(cls), kind, registration
        kind = kind_of(cls)
        if kind is None:
            raise unregistered(cls, "it is no dataclass, NamedTuple or Enum, and is not registered")
        if not any(found is cls for found in self._found(type_name(cls))):
            raise unregistered(cls, "no module has it under this name (a class made inside a function, or replaced)")
        return self._outside_name(cls), kind, None

    def resolve(self, name: object) -> tuple[type, str, Registration | None]:
        """The class that the stream calls `name`, its kind and its registration; never imports anything."""
        if type(name) is not str:
            raise CodecError(f"a class's name is expected, not {type(name).__name__}")
        module, _, qualname = name.partition(":")
        for local in self._locals(module):
            registration = self._registry.by_name.get(f"{local}:{qualname}")
            if registration is not None:
                cls = registration.cls
                return cls, EXTENSION if registration.decode else kind_of(cls) or PLAIN, registration
            for cls in self._found(f"{local}:{qualname}"):
                kind = kind_of(cls)
                if kind is not None:
                    return cls, kind, None
        raise CodecError(
            f"{name!r} is no dataclass, NamedTuple, Enum or registered class of a module imported here",
            type_name=name,
        )

    def _outside_name(self, cls: type) -> str:
        return f"{self._outside.get(cls.__module__, cls.__module__)}:{cls.__qualname__}"

    def _locals(self, module: str) -> tuple[str, ...]:
        inside = self._inside.get(module)
        return (module,) if inside is None else (inside, module)

    def _found(self, name: str) -> Iterator[type]:
        module, _, qualname = name.partition(":")
        # vars() and not getattr(): a module's or class's own __getattr__ is code that would run.
        home = sys.modules.get(module)
        if not isinstance(home, types.ModuleType):
            return
        inside: Mapping[str, Any] = vars(home)
        found: Any = None
        for part in qualname.split("."):
            found = inside.get(part)
            if not isinstance(found, type):
                return
            inside = vars(found)
        if found.__module__ == module and found.__qualname__ == qualname:
            yield found

"""From items to what msgpack keeps exactly: scalars, maps with plain keys, lists that start with a tag."""

import datetime as dt
import enum
import sys
from collections.abc import Callable, Iterable
from types import MemberDescriptorType
from typing import Any, Final

from sferic.runtime.codec import types as kinds
from sferic.runtime.codec.arrays import lower_array, lower_numpy_scalar
from sferic.runtime.codec.errors import CodecError, type_name, unregistered
from sferic.runtime.codec.tags import MAX_DEPTH, SCALARS, Tag
from sferic.runtime.codec.types import Registration, TypeTable

_Handler = Callable[["Lowering", Any, int], Any]


class Lowering:
    """Lowers the items of one batch; big arrays gather in `buffers`, to follow the body as they are.

    Unless `each`, scalars are not looked at one by one: packb raises TypeError if one of them is a str with
    surrogates or an int beyond 64 bits, and the batch is lowered again with `each`.
    """

    def __init__(self, types: TypeTable, *, each: bool) -> None:
        self.buffers: list[memoryview] = []
        self._types = types
        self._each = each
        self._slots: dict[type, dict[str, MemberDescriptorType]] = {}
        self._described: dict[type, tuple[str, str, Registration | None]] = {}

    def lower(self, value: Any, depth: int) -> Any:
        item: object = value  # so that its type is known to be one
        cls = type(item)
        if cls in SCALARS:
            return _scalar(value) if self._each else value
        if depth > MAX_DEPTH:
            raise CodecError(
                f"an item is nested more than {MAX_DEPTH} deep, or contains itself", type_name=type_name(cls)
            )
        handler = _HANDLERS.get(cls) or _imported_handler(cls)
        return handler(self, value, depth) if handler else self._of_own_class(value, cls, depth)

    def sequence(self, tag: int, values: Iterable[Any], depth: int) -> list[Any]:
        lowered: list[Any] = [tag]
        depth += 1
        looks = self._each
        try:
            for value in values:
                plain = type(value) in SCALARS and not looks
                lowered.append(value if plain else self.lower(value, depth))
        except CodecError as error:
            raise error.inside(_STEP.get(tag, "[{}]").format(len(lowered) - 1)) from None
        return lowered

    def list_(self, value: list[Any], depth: int) -> list[Any]:
        if not self._each and SCALARS.issuperset(map(type, value)):
            return [0, *value]
        return self.sequence(Tag.LIST, value, depth)

    def tuple_(self, value: tuple[Any, ...], depth: int) -> list[Any]:
        if not self._each and SCALARS.issuperset(map(type, value)):
            return [1, *value]
        return self.sequence(Tag.TUPLE, value, depth)

    def dict_(self, value: dict[Any, Any], depth: int) -> Any:
        plain_keys = not self._each and SCALARS.issuperset(map(type, value))
        if plain_keys and SCALARS.issuperset(map(type, value.values())):
            return value
        lowered: dict[Any, Any] = {}
        pairs: list[Any] = [Tag.DICT]
        key = None
        try:
            for key, inner in value.items():
                if plain_keys:
                    lowered[key] = inner if type(inner) in SCALARS else self.lower(inner, depth + 1)
                else:
                    pairs += (self.lower(key, depth + 1), self.lower(inner, depth + 1))
        except CodecError as error:
            raise error.inside(_step_of_key(key)) from None
        return lowered if plain_keys else pairs

    def _of_own_class(self, value: Any, cls: type, depth: int) -> list[Any]:
        described = self._described.get(cls)
        if described is None:
            described = self._described[cls] = self._types.describe(cls)
        name, kind, registration = described
        if kind == kinds.EXTENSION and registration is not None and registration.encode is not None:
            return [Tag.EXTENSION, name, self._extension(registration.encode, value, cls, depth)]
        if kind == kinds.ENUM:
            return _enum_member(name, value, cls)
        if kind == kinds.NAMED_TUPLE:
            return self._named_tuple(name, value, cls, depth)
        lowered: list[Any] = [Tag.OBJECT, name]
        attribute = ""
        try:
            for attribute, inner in self._state(value, cls).items():
                lowered += (_scalar(attribute), self.lower(inner, depth + 1))
        except CodecError as error:
            raise error.inside(f".{attribute}") from None
        return lowered

    def _state(self, value: Any, cls: type) -> dict[str, Any]:
        """Attributes set on the instance, declared or not; a slot never filled has none."""
        slots = self._slots.get(cls)
        if slots is None:
            slots = self._slots[cls] = kinds.slots_of(cls)
        own: dict[Any, Any] = getattr(value, "__dict__", _NO_ATTRIBUTES)
        if not {str}.issuperset(map(type, own)):
            raise unregistered(cls, "an attribute's name is no str")
        if not slots:
            return own
        state = dict(own)
        for name, member in slots.items():
            try:
                state[name] = member.__get__(value, cls)
            except AttributeError:
                continue  # a field(init=False) that nobody has set
        return state

    def _extension(self, encode: Callable[[Any], Any], value: Any, cls: type, depth: int) -> Any:
        try:
            encoded = encode(value)
        except Exception as error:  # the user's function may raise anything
            name = type_name(cls)
            raise CodecError(f"the registered encode of {name} raised {error!r}", type_name=name) from error
        return self.lower(encoded, depth + 1)

    def _named_tuple(self, name: str, value: Any, cls: type, depth: int) -> list[Any]:
        if getattr(value, "__dict__", None):
            raise unregistered(cls, "this instance has attributes beside its fields")
        lowered: list[Any] = [Tag.NAMED_TUPLE, name]
        try:
            for inner in _TUPLE.__iter__(value):  # the class may have an __iter__
                lowered.append(self.lower(inner, depth + 1))
        except CodecError as error:
            fields: Any = getattr(cls, "_fields", ())
            raise error.inside(f".{fields[len(lowered) - 2]}") from None
        return lowered


def _scalar(value: Any) -> Any:
    if type(value) is str:
        try:
            value.encode()
        except UnicodeEncodeError:
            return [Tag.SURROGATES, value.encode("utf-8", "surrogatepass")]
    elif type(value) is int and not -(1 << 63) <= value < 1 << 64:
        return [Tag.BIG_INT, value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)]
    return value


def _step_of_key(key: Any) -> str:
    return f"[{key!r}]" if type(key) in SCALARS and len(repr(key)) < 80 else f"[<{type(key).__qualname__} key>]"


def _enum_member(name: str, value: enum.Enum, cls: type) -> list[Any]:
    if isinstance(value, enum.Flag):
        return [Tag.FLAG, name, _scalar(value.value)]
    member = value._name_  # `name` may be a property of the user's
    if vars(cls)["_member_map_"].get(member) is not value:
        raise unregistered(cls, f"{member!r} is no member that can be found by name")
    return [Tag.ENUM, name, _scalar(member)]


def _set(self: Lowering, value: set[Any], depth: int) -> list[Any]:
    return self.sequence(Tag.SET, value, depth)


def _frozenset(self: Lowering, value: frozenset[Any], depth: int) -> list[Any]:
    return self.sequence(Tag.FROZENSET, value, depth)


def _bytearray(_: Lowering, value: bytearray, __: int) -> list[Any]:
    return [Tag.BYTEARRAY, bytes(value)]


def _complex(_: Lowering, value: complex, __: int) -> list[Any]:
    return [Tag.COMPLEX, value.real, value.imag]


def _date(_: Lowering, value: dt.date, __: int) -> list[Any]:
    return [Tag.DATE, value.year, value.month, value.day]


def _time(self: Lowering, v: dt.time, depth: int) -> list[Any]:
    zone = self.sequence(Tag.TIME, (v.tzinfo,), depth) if v.tzinfo else [Tag.TIME, None]
    return [*zone, v.hour, v.minute, v.second, v.microsecond, v.fold]


def _datetime(self: Lowering, v: dt.datetime, depth: int) -> list[Any]:
    zone = self.sequence(Tag.DATETIME, (v.tzinfo,), depth) if v.tzinfo else [Tag.DATETIME, None]
    return [*zone, v.year, v.month, v.day, v.hour, v.minute, v.second, v.microsecond, v.fold]


def _timedelta(_: Lowering, value: dt.timedelta, __: int) -> list[Any]:
    return [Tag.TIMEDELTA, value.days, value.seconds, value.microseconds]


def _timezone(_: Lowering, value: dt.timezone, __: int) -> list[Any]:
    initial: Any = value
    offset, *name = initial.__getinitargs__()  # what its pickling uses: the offset, and a name if it has one
    return [Tag.TIMEZONE, offset.days, offset.seconds, offset.microseconds, *map(_scalar, name)]


def _zone_info(_: Lowering, value: Any, __: int) -> list[Any]:
    if value.key is None:
        raise CodecError("cannot encode a ZoneInfo made from a file: it has no key", type_name="zoneinfo:ZoneInfo")
    return [Tag.ZONEINFO, _scalar(value.key)]


def _decimal(_: Lowering, value: Any, __: int) -> list[Any]:
    return [Tag.DECIMAL, str(value)]


def _uuid(_: Lowering, value: Any, __: int) -> list[Any]:
    return [Tag.UUID, value.bytes, *(() if value.is_safe.value is None else (value.is_safe.value,))]


def _array(self: Lowering, value: Any, __: int) -> list[Any]:
    return lower_array(value, self.buffers)


def _numpy_scalar(_: Lowering, value: Any, __: int) -> list[Any]:
    return lower_numpy_scalar(value)


_TUPLE: Any = tuple
_NO_ATTRIBUTES: Final[dict[Any, Any]] = {}
_STEP: Final[dict[int, str]] = {
    Tag.SET: "{{item}}",
    Tag.FROZENSET: "{{item}}",
    Tag.TIME: ".tzinfo",
    Tag.DATETIME: ".tzinfo",
}

_HANDLERS: Final[dict[type, _Handler]] = {
    list: Lowering.list_,
    tuple: Lowering.tuple_,
    dict: Lowering.dict_,
    set: _set,
    frozenset: _frozenset,
    bytearray: _bytearray,
    complex: _complex,
    dt.date: _date,
    dt.time: _time,
    dt.datetime: _datetime,
    dt.timedelta: _timedelta,
    dt.timezone: _timezone,
}

_IN_MODULES: Final[tuple[tuple[str, str, _Handler], ...]] = (
    ("decimal", "Decimal", _decimal),
    ("uuid", "UUID", _uuid),
    ("zoneinfo", "ZoneInfo", _zone_info),
    ("numpy", "ndarray", _array),
)


def _imported_handler(cls: type) -> _Handler | None:
    """For types of modules that are not imported here unless the workflow has done so."""
    for module, name, handler in _IN_MODULES:
        if cls.__name__ == name and cls is getattr(sys.modules.get(module), name, None):
            return handler
    numpy = sys.modules.get("numpy")
    if numpy is not None and issubclass(cls, numpy.generic) and cls.__module__ == "numpy":
        return _numpy_scalar
    return None

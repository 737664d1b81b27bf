"""From a tagged batch back to items. Nothing here runs code that a stream chose."""

import datetime as dt
import enum
import re
from collections.abc import Callable
from types import MemberDescriptorType
from typing import Any, Final

from sferic.runtime.codec import types as kinds
from sferic.runtime.codec.arrays import lift_array, lift_numpy_scalar
from sferic.runtime.codec.errors import CodecError
from sferic.runtime.codec.tags import MAX_DEPTH, Tag
from sferic.runtime.codec.types import Registration, TypeTable

_Handler = Callable[["Lifting", list[Any], int], Any]
# ZoneInfo looks keys up as files and below the package tzdata: no dots, no way out.
_ZONE_KEY: Final = re.compile(r"[A-Za-z0-9_+\-]{1,40}(/[A-Za-z0-9_+\-]{1,40}){0,3}")


class Lifting:
    """Lifts the items of one batch, whose far arrays are in `buffers`."""

    def __init__(self, types: TypeTable, buffers: list[memoryview]) -> None:
        self.buffers = buffers
        self._types = types
        self._resolved: dict[str, tuple[type, str, Registration | None]] = {}
        self._slots: dict[type, dict[str, MemberDescriptorType]] = {}

    def lift(self, value: Any, depth: int) -> Any:
        node: object = value  # so that its type is known to be one
        cls = type(node)
        if cls is list:
            if depth > MAX_DEPTH + 1:
                raise CodecError(f"the batch is nested more than {MAX_DEPTH} deep")
            try:
                handler = _HANDLERS[value[0]]
            except (LookupError, TypeError):
                raise CodecError("a tagged list starts with no known tag") from None
            try:
                return handler(self, value, depth)
            except CodecError:
                raise
            except Exception as error:  # wrong contents for the tag, or a method of the user's class raised
                raise CodecError(f"cannot rebuild a {handler.__name__.strip('_')}: {error!r}") from error
        if cls is dict:
            if depth > MAX_DEPTH + 1:
                raise CodecError(f"the batch is nested more than {MAX_DEPTH} deep")
            for key, inner in value.items():
                if type(inner) in _NODES:
                    value[key] = self.lift(inner, depth + 1)
        return value

    def rest(self, value: list[Any], first: int, depth: int) -> list[Any]:
        depth += 1
        return [self.lift(v, depth) if type(v) in _NODES else v for v in value[first:]]

    def resolve(self, name: object, *kinds_allowed: str) -> tuple[type, Registration | None]:
        found = self._resolved.get(name) if type(name) is str else None
        if found is None:
            found = self._types.resolve(name)
            self._resolved[str(name)] = found
        cls, kind, registration = found
        if kind not in kinds_allowed:
            raise CodecError(f"{name!r} is a {kind} here and something else where the batch was written")
        return cls, registration

    def slots(self, cls: type) -> dict[str, MemberDescriptorType]:
        slots = self._slots.get(cls)
        if slots is None:
            slots = self._slots[cls] = kinds.slots_of(cls)
        return slots


def _leaf_list(_: Lifting, value: list[Any], __: int) -> list[Any]:
    del value[0]
    return value


def _leaf_tuple(_: Lifting, value: list[Any], __: int) -> tuple[Any, ...]:
    del value[0]
    return tuple(value)


def _list(self: Lifting, value: list[Any], depth: int) -> list[Any]:
    return self.rest(value, 1, depth)


def _tuple(self: Lifting, value: list[Any], depth: int) -> tuple[Any, ...]:
    return tuple(self.rest(value, 1, depth))


def _dict(self: Lifting, value: list[Any], depth: int) -> dict[Any, Any]:
    pairs = self.rest(value, 1, depth)
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def _set(self: Lifting, value: list[Any], depth: int) -> set[Any]:
    return set(self.rest(value, 1, depth))


def _frozenset(self: Lifting, value: list[Any], depth: int) -> frozenset[Any]:
    return frozenset(self.rest(value, 1, depth))


def _big_int(_: Lifting, value: list[Any], __: int) -> int:
    return int.from_bytes(_bytes(value[1]), "little", signed=True)


def _surrogates(_: Lifting, value: list[Any], __: int) -> str:
    return _bytes(value[1]).decode("utf-8", "surrogatepass")


def _bytearray(_: Lifting, value: list[Any], __: int) -> bytearray:
    return bytearray(_bytes(value[1]))


def _complex(_: Lifting, value: list[Any], __: int) -> complex:
    return complex(*value[1:])


def _date(_: Lifting, value: list[Any], __: int) -> dt.date:
    return dt.date(*_ints(value[1:]))


def _time(self: Lifting, value: list[Any], depth: int) -> dt.time:
    *clock, fold = _ints(value[2:])
    return dt.time(*clock, tzinfo=self.lift(value[1], depth + 1), fold=fold)


def _datetime(self: Lifting, value: list[Any], depth: int) -> dt.datetime:
    *clock, fold = _ints(value[2:])
    zone = self.lift(value[1], depth + 1)
    return dt.datetime(*clock, tzinfo=zone, fold=fold)


def _timedelta(_: Lifting, value: list[Any], __: int) -> dt.timedelta:
    return dt.timedelta(*_ints(value[1:]))


def _timezone(self: Lifting, value: list[Any], depth: int) -> dt.timezone:
    return dt.timezone(dt.timedelta(*_ints(value[1:4])), *self.rest(value, 4, depth))


def _zone_info(_: Lifting, value: list[Any], __: int) -> dt.tzinfo:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - most workflows have none

    if type(value[1]) is not str or not _ZONE_KEY.fullmatch(value[1]):
        raise CodecError("no key of a time zone")
    return ZoneInfo(value[1])


def _decimal(_: Lifting, value: list[Any], __: int) -> Any:
    from decimal import Decimal  # noqa: PLC0415 - most workflows have none

    if type(value[1]) is not str:
        raise CodecError("no text of a Decimal")
    return Decimal(value[1])


def _uuid(_: Lifting, value: list[Any], __: int) -> Any:
    from uuid import UUID, SafeUUID  # noqa: PLC0415 - most workflows have none

    return UUID(bytes=_bytes(value[1]), is_safe=SafeUUID(value[2] if len(value) > 2 else None))


def _array(_: Lifting, value: list[Any], __: int) -> Any:
    return lift_array(value[1], value[2], _bytes(value[3]))


def _far_array(self: Lifting, value: list[Any], __: int) -> Any:
    return lift_array(value[1], value[2], self.buffers[int(value[3])])


def _numpy_scalar(_: Lifting, value: list[Any], __: int) -> Any:
    return lift_numpy_scalar(value[1], _bytes(value[2]))


def _numpy_str(_: Lifting, value: list[Any], __: int) -> Any:
    import numpy as np  # noqa: PLC0415 - 20 MB that a process without arrays does not pay

    return np.str_(_bytes(value[1]).decode("utf-8", "surrogatepass"))


def _numpy_bytes(_: Lifting, value: list[Any], __: int) -> Any:
    import numpy as np  # noqa: PLC0415 - 20 MB that a process without arrays does not pay

    return np.bytes_(_bytes(value[1]))


def _blank(cls: Any) -> Any:
    return object.__new__(cls)


def _object(self: Lifting, value: list[Any], depth: int) -> Any:
    cls, _ = self.resolve(value[1], kinds.DATACLASS, kinds.PLAIN)
    state = self.rest(value, 2, depth)
    instance = _blank(cls)
    slots = self.slots(cls)
    for name, inner in zip(state[::2], state[1::2], strict=True):
        # Not setattr: a property or a __setattr__ is code, and a frozen class has one that refuses.
        if name in slots:
            slots[name].__set__(instance, inner)
        elif type(name) is str:
            vars(instance)[name] = inner
        else:
            raise CodecError("an attribute's name is a str")
    return instance


def _named_tuple(self: Lifting, value: list[Any], depth: int) -> Any:
    cls, _ = self.resolve(value[1], kinds.NAMED_TUPLE)
    fields: Any = getattr(cls, "_fields", ())
    if len(fields) != len(value) - 2:
        raise CodecError(f"{value[1]!r} has other fields here than where the batch was written")
    # Not cls(...): its __new__ may be the user's.
    return _TUPLE.__new__(cls, self.rest(value, 2, depth))


def _enum(self: Lifting, value: list[Any], depth: int) -> enum.Enum:
    cls, _ = self.resolve(value[1], kinds.ENUM)
    return vars(cls)["_member_map_"][self.lift(value[2], depth + 1)]


def _flag(self: Lifting, value: list[Any], depth: int) -> Any:
    cls, _ = self.resolve(value[1], kinds.ENUM)
    bits = self.lift(value[2], depth + 1)
    if type(bits) is not int or not issubclass(cls, enum.Flag):
        raise CodecError(f"{value[1]!r} is no Flag here, or its value is no int")
    return cls(bits)


def _extension(self: Lifting, value: list[Any], depth: int) -> Any:
    _, registration = self.resolve(value[1], kinds.EXTENSION)
    if registration is None or registration.decode is None:
        raise CodecError(f"{value[1]!r} has no registered decode here")
    return registration.decode(self.lift(value[2], depth + 1))


def _bytes(value: Any) -> bytes:
    # bytes(10**12) would take that much memory.
    if type(value) is not bytes:
        raise CodecError("bytes are expected")
    return value


def _ints(values: list[Any]) -> list[int]:
    if not {int}.issuperset(map(type, values)):
        raise CodecError("whole numbers are expected")
    return values


_TUPLE: Any = tuple
_NODES: Final = frozenset((list, dict))
_HANDLERS: Final[dict[Any, _Handler]] = {
    Tag.LEAF_LIST: _leaf_list,
    Tag.LEAF_TUPLE: _leaf_tuple,
    Tag.LIST: _list,
    Tag.TUPLE: _tuple,
    Tag.DICT: _dict,
    Tag.SET: _set,
    Tag.FROZENSET: _frozenset,
    Tag.BIG_INT: _big_int,
    Tag.SURROGATES: _surrogates,
    Tag.BYTEARRAY: _bytearray,
    Tag.COMPLEX: _complex,
    Tag.DATE: _date,
    Tag.TIME: _time,
    Tag.DATETIME: _datetime,
    Tag.TIMEDELTA: _timedelta,
    Tag.TIMEZONE: _timezone,
    Tag.ZONEINFO: _zone_info,
    Tag.DECIMAL: _decimal,
    Tag.UUID: _uuid,
    Tag.ARRAY: _array,
    Tag.FAR_ARRAY: _far_array,
    Tag.NUMPY_SCALAR: _numpy_scalar,
    Tag.NUMPY_STR: _numpy_str,
    Tag.NUMPY_BYTES: _numpy_bytes,
    Tag.OBJECT: _object,
    Tag.NAMED_TUPLE: _named_tuple,
    Tag.ENUM: _enum,
    Tag.FLAG: _flag,
    Tag.EXTENSION: _extension,
}

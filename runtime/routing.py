"""Which instance gets an item of a group-by: a hash of our own, the same wherever and whenever it runs.

Never `hash()`: that of str differs from process to process. What is hashed is a canonical form, in which
values that are equal for Python are equal. It stays as it is over versions: where keys live depends on it.
"""

import datetime as dt
import hashlib
import itertools
import math
import operator
import sys
from collections.abc import Callable
from typing import Any, Final, cast

# Numbers are hashed as their residue modulo this prime, so that a huge exponent is never written out.
_PRIME: Final = (1 << 127) - 1
_TUPLE: Any = tuple
_SEQUENCE: Any = (tuple, list)
_DICT: Any = dict
_CACHE_ENTRIES: Final = 65_536
_CACHED_LENGTH: Final = 256
_CACHED: Final = frozenset((str, int, bytes, float, bool, type(None)))
_CONTAINERS: Final = {frozenset({int}): frozenset({tuple, list}), frozenset({str}): frozenset({dict})}
_MAX_DEPTH: Final = 100
_EPOCH: Final = dt.datetime(1, 1, 1)  # noqa: DTZ001 - naive datetimes are taken as written
_EPOCH_UTC: Final = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)


class KeyTypeError(TypeError):
    """A value that cannot be a key of a group-by, or an item without the key's field."""


def key_hash(key: object) -> int:
    """The unsigned 64 bit hash of `key`; equal keys have equal hashes.

    Keys are None, bool, numbers with Decimal and numpy's scalars, str, bytes, dates, times, datetimes,
    timedeltas and tuples of these. True, 1, 1.0 and Decimal(1) are one key, and so are all NaN; aware
    datetimes count by their instant, naive ones as written. Raises KeyTypeError for another type.
    """
    return int.from_bytes(hashlib.blake2b(_canonical(key, 0), digest_size=8).digest(), "big")


class KeyRouter:
    """Deals keys out to `instances` buckets and remembers them; `where` is what errors call the port."""

    def __init__(self, instances: int, where: str) -> None:
        if instances < 1:
            raise ValueError(f"{where}: {instances} instances cannot take items")
        self._instances = instances
        self._where = where
        self._seen: dict[object, int] = {}

    def bucket(self, key: Any) -> int:
        """The bucket of `key`, 0 to instances - 1; raises KeyTypeError that names the port."""
        # Only keys of these very types, or tuples of them, are looked up: a value that must be refused, such
        # as Fraction(1), may be equal to one that is remembered.
        if type(key) in _CACHED or (type(key) is _TUPLE and _CACHED.issuperset(map(type, key))):
            known = self._seen.get(key)
            return self._remember(key) if known is None else known
        return self._bucket(key)

    def buckets(self, keys: list[Any]) -> list[int]:
        """`bucket` of each key; quick where all are plain and known."""
        kinds = set(map(type, keys))
        if _CACHED.issuperset(kinds) or (
            kinds == {_TUPLE} and _CACHED.issuperset(map(type, itertools.chain.from_iterable(keys)))
        ):
            try:
                return list(map(self._seen.__getitem__, keys))
            except KeyError:
                pass  # a key that comes for the first time
        return list(map(self.bucket, keys))

    def _remember(self, key: object) -> int:
        bucket = self._bucket(key)
        if _size(key) <= _CACHED_LENGTH:
            if len(self._seen) >= _CACHE_ENTRIES:
                self._seen.clear()
            self._seen[key] = bucket
        return bucket

    def _bucket(self, key: object) -> int:
        try:
            return key_hash(key) % self._instances
        except KeyTypeError as error:
            raise KeyTypeError(f"{self._where}: {error}") from None


def key_getter(fields: tuple[int | str, ...]) -> Callable[[object], object]:
    """The function that takes the key out of an item: of one field the value itself, of several a tuple.

    An int is a position in a tuple or list, a str the name of a dict's key or of an attribute. The function
    raises KeyTypeError for an item without the field.
    """
    if not fields:
        raise ValueError("a group-by needs at least one field")
    for field in fields:
        if type(field) not in (int, str):
            raise ValueError(f"a field of a group-by is a position or a name, not {field!r}")
    if len(fields) == 1:
        only = fields[0]
        return _position_getter(only) if isinstance(only, int) else lambda item: _field(item, only)
    return lambda item: tuple([_field(item, field) for field in fields])


def keys_getter(fields: tuple[int | str, ...]) -> Callable[[list[Any]], list[Any]]:
    """The function that takes the keys out of many items, as `key_getter` does of one; raises for the first that has
    none."""
    one = key_getter(fields)
    many = cast(Callable[[Any], Any], operator.itemgetter(*fields))
    kinds: frozenset[type] = _CONTAINERS.get(frozenset(map(type, fields)), frozenset())

    def get(items: list[Any]) -> list[Any]:
        return list(map(many if kinds.issuperset(map(type, items)) else one, items))

    return get


def _position_getter(position: int) -> Callable[[object], object]:
    def get(item: Any) -> object:
        if type(item) is _TUPLE and len(item) > position >= 0:
            return item[position]
        return _field(item, position)

    return get


def _field(item: Any, field: int | str) -> object:
    if isinstance(field, int):
        if not isinstance(item, _SEQUENCE):
            raise KeyTypeError(f"group-by position {field} needs a tuple or list, not {_name(type(item))}")
        try:
            return item[field]
        except IndexError:
            raise KeyTypeError(
                f"group-by position {field} is not in a {_name(type(item))} of {len(item)} elements"
            ) from None
    if isinstance(item, _DICT):
        try:
            return item[field]
        except KeyError:
            raise KeyTypeError(f"group-by field {field!r} is no key of this {_name(type(item))}") from None
    try:
        return getattr(item, field)
    except AttributeError:
        raise KeyTypeError(f"group-by field {field!r} is no attribute of {_name(type(item))}") from None


def _canonical(key: Any, depth: int) -> bytes:
    """A byte string, the same for equal keys only; every kind of key starts with a letter of its own."""
    if type(key) is str:
        return b"s" + key.encode("utf-8", "surrogatepass")
    if key is None:
        return b"0"
    base = _base(key)
    if base is None:
        raise KeyTypeError(
            f"{_name(type(cast('object', key)))} cannot be a key: keys are None, bool, numbers, str, bytes, "
            "dates, times, datetimes, timedeltas and tuples of these"
        )
    if base is tuple:
        if depth >= _MAX_DEPTH:
            raise KeyTypeError(f"a key is nested more than {_MAX_DEPTH} deep")
        parts = [_canonical(part, depth + 1) for part in _TUPLE.__iter__(key)]
        return b"t" + b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return _CANONICAL[base](key)


def _base(key: Any) -> Any:
    """The type whose equality `key` has: its own, or one that it inherits `==` and `hash` from; else None."""
    cls: Any = type(cast("object", key))
    if cls in _CANONICAL or cls is tuple:
        return cls
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(key, numpy.generic):
        if isinstance(key, numpy.timedelta64):  # an integer only by name
            return None
        for ours, theirs in ((str, numpy.str_), (bytes, numpy.bytes_), (int, (numpy.bool_, numpy.integer))):
            if isinstance(key, theirs):
                return ours
        if isinstance(key, numpy.complexfloating):
            return complex
        return float if isinstance(key, numpy.floating) else None
    decimal = sys.modules.get("decimal")
    if decimal is not None and isinstance(key, decimal.Decimal):
        return "decimal" if cls.__eq__ is decimal.Decimal.__eq__ else None
    base: Any
    for base in cls.__mro__:
        if base in _CANONICAL or base is _TUPLE:
            return base if cls.__eq__ is base.__eq__ else None
    return None


def _ratio(key: Any) -> bytes:
    # numpy's floats too: float() would round a longdouble.
    if key != key:  # noqa: PLR0124 - only NaN is not itself
        return b"n"
    if math.isinf(key):
        return b"+" if key > 0 else b"-"
    numerator, denominator = key.as_integer_ratio()
    return _residue(int(numerator), int(denominator))


def _residue(numerator: int, denominator: int = 1) -> bytes:
    residue = numerator % _PRIME
    if denominator != 1:
        residue = residue * pow(denominator, -1, _PRIME) % _PRIME
    return b"r" + residue.to_bytes(16, "big")


def _decimal(key: Any) -> bytes:
    if key.is_nan():
        return b"n"
    if key.is_infinite():
        return b"+" if key > 0 else b"-"
    sign, digits, exponent = key.as_tuple()
    residue = 0
    for digit in digits:
        residue = (residue * 10 + digit) % _PRIME
    return _residue((-residue if sign else residue) * pow(10, exponent, _PRIME))


def _complex(key: Any) -> bytes:
    real, imaginary = _ratio(key.real), _ratio(key.imag)
    if b"n" in (real, imaginary):
        return b"n"
    return real if key.imag == 0 else b"c" + len(real).to_bytes(1, "big") + real + imaginary


def _datetime(key: dt.datetime) -> bytes:
    if key.utcoffset() is None:
        return b"d%d" % ((key.replace(tzinfo=None) - _EPOCH) // _MICROSECOND)
    return b"D%d" % ((key - _EPOCH_UTC) // _MICROSECOND)


def _time(key: dt.time) -> bytes:
    since_midnight = dt.timedelta(hours=key.hour, minutes=key.minute, seconds=key.second, microseconds=key.microsecond)
    offset = key.utcoffset()
    if offset is None:
        return b"m%d" % (since_midnight // _MICROSECOND)
    return b"M%d" % ((since_midnight - offset) // _MICROSECOND)


_CANONICAL: Final[dict[Any, Callable[[Any], bytes]]] = {
    str: lambda key: b"s" + str.encode(key, "utf-8", "surrogatepass"),
    bytes: lambda key: b"".join((b"b", key)),
    bool: lambda key: _residue(int(key)),
    int: lambda key: _residue(int(key)),
    float: _ratio,
    complex: _complex,
    "decimal": _decimal,
    dt.datetime: _datetime,
    dt.date: lambda key: b"y%d" % key.toordinal(),
    dt.time: _time,
    dt.timedelta: lambda key: b"l%d" % (key // _MICROSECOND),
    type(None): lambda _: b"0",
}


def _size(key: Any) -> int:
    cls = type(cast("object", key))
    if cls is tuple:
        return len(key) + sum(map(_size, key))
    if cls is int:
        return key.bit_length()
    return len(key) if cls in (str, bytes) else 0


def _name(cls: Any) -> str:
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"

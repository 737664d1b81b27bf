"""The exact and safe codec. Plain batches take a quick way that touches no item in Python."""

import itertools
import operator
import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

import ormsgpack

from sferic.runtime.codec.errors import CodecError
from sferic.runtime.codec.lift import Lifting
from sferic.runtime.codec.lower import Lowering
from sferic.runtime.codec.tags import MAX_DEPTH, SCALARS
from sferic.runtime.codec.types import TypeTable

# First byte of a batch. A pickle starts with 0x80 and is none of them.
_PLAIN: Final = b"\x01"  # an array of items that msgpack itself keeps exactly
_COLUMNS: Final = b"\x02"  # items are tuples of scalars, all of one length: an array a position
_TAGGED: Final = b"\x03"  # buffers' count and lengths, body's length, body, buffers
_SIZES: Final = struct.Struct("<IQ")

_TUPLES_AS_ARRAYS: Final = (
    ormsgpack.OPT_PASSTHROUGH_BIG_INT
    | ormsgpack.OPT_PASSTHROUGH_DATACLASS
    | ormsgpack.OPT_PASSTHROUGH_SUBCLASS
    | ormsgpack.OPT_PASSTHROUGH_DATETIME
    | ormsgpack.OPT_PASSTHROUGH_ENUM
    | ormsgpack.OPT_PASSTHROUGH_UUID
)
_EXACT: Final = _TUPLES_AS_ARRAYS | ormsgpack.OPT_PASSTHROUGH_TUPLE
_ANY_KEYS: Final = _EXACT | ormsgpack.OPT_NON_STR_KEYS
_flatten = itertools.chain.from_iterable
_values = operator.methodcaller("values")
_MANY: Final = 1000  # lists and maps of one depth that are looked at whatever they are
_JSON: Final = SCALARS | {list, dict}


class GeneralCodec:
    """msgpack, with tags for what msgpack does not tell apart. Safe for any bytes; keeps no state."""

    id = 1

    def __init__(self, types: TypeTable | None = None) -> None:
        self._types = types or TypeTable()

    def encode(self, items: list[object]) -> bytes:
        """Raises CodecError with the `index` of the first item that cannot travel."""
        quick = _quick(items)
        if quick is not None:
            return quick
        return self._tagged(items, each=False)

    def decode(self, data: bytes | memoryview) -> list[object]:
        """Raises CodecError for anything but a whole batch; takes memory in proportion to the data."""
        view = memoryview(data)
        kind = bytes(view[:1])
        try:
            if kind == _PLAIN:
                return _array(ormsgpack.unpackb(view[1:], option=ormsgpack.OPT_NON_STR_KEYS))
            if kind == _COLUMNS:
                columns = _array(ormsgpack.unpackb(view[1:]))
                if not all(type(column) is list for column in columns):
                    raise CodecError("a column of the batch is no array")
                return list(zip(*columns, strict=True))
            if kind == _TAGGED:
                return self._lift(view)
        except CodecError:
            raise
        except (ValueError, RecursionError, struct.error) as error:
            raise CodecError(f"the bytes are no whole batch: {error}") from error
        raise CodecError(f"the bytes are no batch of the general codec: they start with 0x{kind.hex()}")

    def _tagged(self, items: list[object], *, each: bool) -> bytes:
        lowering = Lowering(self._types, each=each)
        lowered: list[Any] = []
        try:
            for item in items:
                lowered.append(lowering.lower(item, 0))
        except CodecError as error:
            error.index = len(lowered)
            raise
        try:
            body = ormsgpack.packb(lowered, option=_ANY_KEYS)
        except TypeError as error:
            if not each:  # a surrogate or a big int among scalars, which were not looked at one by one
                return self._tagged(items, each=True)
            raise CodecError(f"cannot encode the batch: {error}") from error
        buffers = lowering.buffers
        lengths = struct.pack(f"<{len(buffers)}Q", *(buffer.nbytes for buffer in buffers))
        return b"".join((_TAGGED, _SIZES.pack(len(buffers), len(body)), lengths, body, *buffers))

    def _lift(self, view: memoryview) -> list[object]:
        count, body_length = _SIZES.unpack(view[1 : 1 + _SIZES.size])
        start = 1 + _SIZES.size + 8 * count
        lengths = struct.unpack(f"<{count}Q", view[1 + _SIZES.size : start])
        if start + body_length + sum(lengths) != len(view):
            raise CodecError("the batch is cut short, or longer than it says")
        ends = list(itertools.accumulate(lengths, initial=start + body_length))
        buffers = [view[a:b] for a, b in itertools.pairwise(ends)]
        body = ormsgpack.unpackb(view[start : start + body_length], option=ormsgpack.OPT_NON_STR_KEYS)
        lifting = Lifting(self._types, buffers)
        return [lifting.lift(item, 0) for item in _array(body)]


def _quick(items: list[object]) -> bytes | None:
    """The batch, if its items are of one of the shapes that need no look at each item; else None."""
    if not items:
        return _PLAIN + b"\x90"
    first = type(items[0])
    try:
        if first is str:
            # join refuses all but str and its subclasses, packb refuses those: quicker than asking for types.
            "".join(cast("list[str]", items))
            return _PLAIN + ormsgpack.packb(items, option=_EXACT)
        if first is tuple and {tuple}.issuperset(map(type, items)):
            return _columns(items)
        if first in SCALARS:
            return _PLAIN + ormsgpack.packb(items, option=_EXACT) if SCALARS.issuperset(map(type, items)) else None
        if _is_json(items):
            return _PLAIN + ormsgpack.packb(items, option=_EXACT)
    except TypeError:
        return None  # mixed types, or what packb does not keep: the long way finds out
    return None


def _columns(items: list[Any]) -> bytes | None:
    try:
        columns = list(zip(*items, strict=True))
    except ValueError:
        return None  # of different lengths
    if not columns:
        return None
    for column in columns:
        if type(column[0]) is str:
            "".join(column)
        elif not SCALARS.issuperset(map(type, column)) and not _is_json(column):
            return None
    return _COLUMNS + ormsgpack.packb(columns, option=_TUPLES_AS_ARRAYS)


def _is_json(values: Sequence[Any]) -> bool:
    """Are they scalars, and lists and maps of such in one another?"""
    # What the first one holds the others hold, mostly: where it is something else they need no look.
    return _as_json(values[:1]) and (len(values) == 1 or _as_json(values))


def _as_json(values: Sequence[Any]) -> bool:
    """The same, of any number of them. All of one depth are looked at together.

    The keys of maps are left to packb, which refuses all but text. False for what is in itself, and where most parts
    are shared, too: unfolded, they could be too many to look at.
    """
    for _ in range(MAX_DEPTH):
        if not _JSON.issuperset(map(type, values)):
            return False
        maps: list[dict[str, Any]] = [value for value in values if type(value) is dict]
        lists: list[list[Any]] = [value for value in values if type(value) is list]
        if SCALARS.issuperset(map(type, _inside(maps, lists))):
            return True
        if len(maps) + len(lists) > _MANY and _mostly_shared(maps, lists):
            return False
        values = list(_inside(maps, lists))
    return False


def _mostly_shared(maps: Sequence[dict[str, Any]], lists: Sequence[list[Any]]) -> bool:
    return 2 * len(set(map(id, itertools.chain(maps, lists)))) < len(maps) + len(lists)


def _inside(maps: Sequence[dict[str, Any]], lists: Sequence[list[Any]]) -> Iterator[Any]:
    if not maps:
        return _flatten(lists)
    values = _flatten(map(_values, maps))
    return itertools.chain(values, _flatten(lists)) if lists else values


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise CodecError("the bytes are no batch: an array of items is expected")
    return cast("list[Any]", value)

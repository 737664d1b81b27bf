"""What arrives equals what was written, type and all."""

import dataclasses
import datetime as dt
import decimal
import enum
import math
import struct
import subprocess
import sys
import typing
import uuid
import zoneinfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from sferic.runtime.codec import CodecError, GeneralCodec, TrustedCodec, codec_for, general

CODEC = GeneralCodec()


@dataclasses.dataclass
class Point:
    x: object
    y: object = None
    seen: list[object] = dataclasses.field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.seen.append("made here")


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    name: str
    unset: int = dataclasses.field(init=False, compare=False, repr=False)


class Pair(typing.NamedTuple):
    left: object
    right: object


class Colour(enum.Enum):
    RED = 1
    BLUE = (1, 2)


class Level(enum.IntEnum):
    LOW = 1


class Unit(str, enum.Enum):  # noqa: UP042 - not the same class as StrEnum
    METRE = "m"


class Right(enum.Flag):
    READ = 1
    WRITE = 2


class Outer:
    class Inner(enum.Enum):
        ONE = 1


class Str(str):
    __slots__ = ()


class Int(int):
    pass


def same(a: object, b: object) -> bool:  # noqa: PLR0912 - a case a type
    """Exactly equal: types, order of dicts, sign of zeros, NaN as itself."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray) and a.dtype.fields:
        return a.dtype == b.dtype and same(a.tolist(), b.tolist())  # padding between fields is no value
    if isinstance(a, np.ndarray):
        return (a.dtype, a.dtype.char, a.shape, a.tobytes()) == (b.dtype, b.dtype.char, b.shape, b.tobytes())
    if isinstance(a, np.generic):
        return a.dtype == b.dtype and a.tobytes() == b.tobytes()
    if isinstance(a, float):
        return struct.pack("d", a) == struct.pack("d", b) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, enum.Enum):
        return a is b
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    if isinstance(a, (set, frozenset)):
        # Elements have no order; every one must find its like. (1 and True are not one here.)
        return len(a) == len(b) and all(any(same(x, y) for y in b) for x in a)
    if isinstance(a, decimal.Decimal):
        return a.as_tuple() == b.as_tuple()
    if isinstance(a, (dt.datetime, dt.time)):
        return a.replace(tzinfo=None) == b.replace(tzinfo=None) and a.fold == b.fold and same(a.tzinfo, b.tzinfo)
    if isinstance(a, Point):
        return same(vars(a), vars(b))
    if isinstance(a, zoneinfo.ZoneInfo):
        return a.key == b.key
    return a == b


def round_trip(items: list[object]) -> list[object]:
    return CODEC.decode(CODEC.encode(items))


anything_in_str = st.text(st.characters(exclude_categories=()))
hashable_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**66), 2**66),
    st.floats(),
    anything_in_str,
    st.binary(),
    st.complex_numbers(),
    st.dates(),
    st.times(timezones=st.none() | st.just(dt.timezone(dt.timedelta(hours=2), "x"))),
    st.datetimes(timezones=st.none() | st.timezones(), allow_imaginary=True),
    st.timedeltas(),
    st.decimals(allow_nan=False),
    st.uuids(),
    st.sampled_from([Colour.RED, Colour.BLUE, Level.LOW, Unit.METRE, Right(0), Right.READ | Right.WRITE]),
    st.builds(Frozen, st.text()),
)
hashable = st.recursive(
    hashable_leaves,
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3) | st.builds(Pair, inner, inner)
    ),
    max_leaves=5,
)
leaves = hashable | st.binary().map(bytearray) | st.decimals() | st.sets(hashable, max_size=3)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(anything_in_str, inner, max_size=3),
        st.dictionaries(hashable, inner, max_size=3),
        st.builds(Pair, inner, inner),
    ),
    max_leaves=10,
)


@given(st.lists(values, max_size=6))
@settings(max_examples=400, deadline=None)
def test_round_trip(items: list[object]) -> None:
    assert same(round_trip(items), items)


@given(st.lists(st.tuples(anything_in_str, st.integers(-(2**65), 2**65) | st.floats() | values), max_size=6))
@settings(max_examples=150, deadline=None)
def test_round_trip_of_tuples(items: list[object]) -> None:
    assert same(round_trip(items), items)


# Whatever msgpack would take and change: each alone, among its like, and inside every quick shape.
ODD = [
    *(True, 1, 1.0, -0.0, math.nan, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**400),
    *("", "\ud800", "\ud83d\ude00", "a\0b", b"", bytearray(b"x"), (), [], {}, set(), frozenset()),
    *((1,), [(1,)], ([],), {"a": (1,)}, {1: 1}, {True: 1}, {None: 1}, {b"k": 1}, {1.5: 1}, {(): 1}),
    *(
        {"\ud800": 1},
        {2**64: 1},
        {dt.date(2020, 1, 1): 1},
        {uuid.UUID(int=1): 1},
        {Colour.RED: 1},
        {Level.LOW: 2},
    ),
    *(Level.LOW, Unit.METRE, Colour.RED, Outer.Inner.ONE, Pair(1, (2,)), Pair([], {})),
    *(dt.UTC, zoneinfo.ZoneInfo("Europe/Rome"), decimal.Decimal("sNaN12"), decimal.Decimal("1.500")),
    *(np.float64(1.5), np.int64(1), np.longlong(1), np.bool_(True), np.str_("a\ud800"), np.bytes_(b"a")),
    *(
        np.datetime64("2020-01-01T00"),
        np.timedelta64(3, "D"),
        np.float16(0.1),
        np.longdouble("0.1"),
        np.complex64(1j),
    ),
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: f"{type(odd).__name__}-{str(odd)[:12]!a}")
def test_nothing_is_changed_by_the_quick_ways(odd: object) -> None:
    for items in (
        *([odd], [odd, odd], ["a", odd], [odd, "a"], [1, odd], [("a", 1), odd], [("a", 1), ("a", odd)]),
        *([(odd, 1), ("a", 1)], [(odd,)], [[1], odd], [[odd]], [[1], [odd]], [{"a": odd}], [{"a": 1}, odd]),
        *([{"a": 1}, {"a": odd}], [{"a": [odd]}], [[{"b": odd}]], [Point(odd)], [Pair(odd, 1)]),
        *([{"a": {"b": [{}]}}, {"a": {"b": [1, {"c": odd}]}}], [[[1]], [[odd, []]]], [{"a": {}, "b": [[odd]]}]),
        *([("a", [[]]), ("a", [[odd]])], [("a", {"b": {}}), ("a", {"b": odd})], [({"b": [odd]}, 1)]),
    ):
        assert same(round_trip(items), items)


@pytest.mark.parametrize("odd", [Str("a"), Int(1), memoryview(b"x"), object(), lambda: 0, int, Ellipsis, range(3)])
def test_what_is_not_kept_is_refused_wherever_it_is(odd: object) -> None:
    for items in (
        *([odd], ["a", odd], [1, odd], [("a", 1), ("a", odd)], [[odd]], [{"a": odd}], [Point(odd)]),
        *([{"a": {"b": []}}, {"a": {"b": [1, {"c": odd}]}}], [("a", [[]]), ("a", [[odd]])], [({"b": [odd]}, 1)]),
    ):
        with pytest.raises(CodecError) as caught:
            CODEC.encode(items)
        assert caught.value.index == len(items) - 1
    if getattr(odd, "__hash__", None) and not isinstance(odd, memoryview):
        with pytest.raises(CodecError):
            CODEC.encode([{odd: 1}])


@pytest.mark.parametrize(
    "items",
    [
        [{"id": 1, "text": "a", "at": None, "entities": {"tags": [{"text": "b", "at": [0, 1.5]}], "none": []}}, {}],
        [[[[]]], [], [{"a": [b"b", True]}]],
        [("en", ["a", "b"], {"a": {"b": [1]}}), ("de", [], {})],
    ],
)
def test_what_is_as_json_has_it_needs_no_look_at_each_part(
    items: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(general, "Lowering")
    assert same(round_trip(items), items)


@pytest.mark.parametrize(
    "around", [lambda part: part, lambda part: {"a": part}, lambda part: ("a", part), lambda part: {part}]
)
def test_depth_has_one_limit_on_every_way(around) -> None:
    for depth in (199, 200, 201, 202, 203):
        part: object = 1
        for _ in range(depth - (around(1) != 1)):
            part = (part,) if type(around(1)) is set else [part]
        item = around(part)
        if depth <= 201:
            assert same(round_trip([item]), [item])
        else:
            with pytest.raises(CodecError, match="nested more than 200 deep"):
                CODEC.encode([item])


@pytest.mark.parametrize("width", [1, 2, 7])
@pytest.mark.parametrize("count", [1, 2, 1000])
def test_tuples_of_one_width(width: int, count: int) -> None:
    items = [tuple(f"{i}.{j}" if j % 2 else i for j in range(width)) for i in range(count)]
    assert same(round_trip(items), items)


def test_batches_of_nothing() -> None:
    assert round_trip([]) == []
    assert round_trip([()]) == [()]
    assert round_trip([(), ()]) == [(), ()]


def test_data_may_be_a_view_into_something_larger() -> None:
    data = b"xx" + CODEC.encode([("a", [1])]) + b"yy"
    assert CODEC.decode(memoryview(data)[2:-2]) == [("a", [1])]


def test_items_do_not_share_what_they_shared_at_the_sender() -> None:
    shared = [1]
    for codec in (CODEC, TrustedCodec(b"k" * 16)):
        first, second = codec.decode(codec.encode([shared, shared]))
        assert first is not second


class TestArrays:
    plain = (
        st_numpy.boolean_dtypes()
        | st_numpy.integer_dtypes(endianness="?")
        | st_numpy.unsigned_integer_dtypes(endianness="?")
        | st_numpy.floating_dtypes(endianness="?")
        | st_numpy.complex_number_dtypes(endianness="?")
        | st_numpy.datetime64_dtypes(endianness="?")
        | st_numpy.timedelta64_dtypes(endianness="?")
        | st_numpy.byte_string_dtypes(endianness="?", min_len=1)
        | st_numpy.unicode_string_dtypes(endianness="?", min_len=1)
    )
    any_array = st_numpy.arrays(
        plain | st_numpy.array_dtypes(plain), st_numpy.array_shapes(min_dims=0, min_side=0, max_dims=4)
    )

    @given(any_array)
    @settings(max_examples=200, deadline=None)
    def test_round_trip(self, array: np.ndarray) -> None:
        assert same(round_trip([array]), [array])
        assert same(round_trip([{"a": array.T}]), [{"a": array.T}])

    @pytest.mark.parametrize(
        "array",
        [
            np.arange(100_000)[::-3],
            np.arange(10_000, dtype=">f4").reshape(100, 100).T,
            np.arange(8000).reshape(20, 20, 20).transpose(1, 0, 2),
            np.zeros(1000, np.dtype([("a", "i1"), ("b", "<f8", (2, 3))], align=True)),
            np.broadcast_to(np.arange(3), (4000, 3)),
            np.zeros((0, 5), "M8[25s]"),
            np.array(7.5),
            np.zeros(5, "U0"),
            np.array([2**40], np.ulonglong),
        ],
    )
    def test_layouts(self, array: np.ndarray) -> None:
        (got,) = round_trip([array])
        assert same(got, array)
        assert got.flags.writeable
        assert got.flags.owndata

    @pytest.mark.parametrize(
        "array",
        [
            np.array([object()]),
            np.zeros(2, [("a", "O")]),
            np.ma.array([1]),
            np.array(["a"], np.dtypes.StringDType()) if hasattr(np.dtypes, "StringDType") else np.array([{}]),
        ],
    )
    def test_refused(self, array: np.ndarray) -> None:
        with pytest.raises(CodecError, match="cannot encode"):
            CODEC.encode([array])

    def test_numpy_is_not_imported_for_other_items(self) -> None:
        program = (
            "import sys; from sferic.runtime.codec import GeneralCodec; c = GeneralCodec()\n"
            "import sferic.runtime.routing as r; r.key_hash((1, 'a'))\n"
            "assert c.decode(c.encode([{'a': [(1, 2)]}, {1}])) == [{'a': [(1, 2)]}, {1}]\n"
            "heavy = {'numpy', 'decimal', 'zoneinfo'} & set(sys.modules)\n"
            "assert not heavy, heavy"
        )
        subprocess.run([sys.executable, "-c", program], check=True)


def test_depth_is_an_error_with_a_place_and_not_a_crash() -> None:
    deep: object = 1
    for _ in range(150):
        deep = (deep, [1])
    assert same(round_trip([deep]), [deep])
    for _ in range(100_000):
        deep = [deep]
    itself: list[object] = []
    itself += [itself, itself]
    unfolds: list[object] = [1]
    for _ in range(205):
        unfolds = [unfolds, unfolds]
    for item in (deep, itself, unfolds):
        with pytest.raises(CodecError, match="nested more than 200 deep") as caught:
            CODEC.encode(["fine", item])
        assert caught.value.index == 1
        assert caught.value.path.startswith("[0][0]")
        with pytest.raises(CodecError, match="nested more than 200 deep"):
            CODEC.encode([item])
        with pytest.raises(CodecError, match="nested more than 200 deep"):
            CODEC.encode([("a", item)])
    with pytest.raises(CodecError, match="memoryview"):
        CODEC.encode([[memoryview(b"x"), unfolds]])


def test_codec_for() -> None:
    assert codec_for("general").id == 1
    trusted = codec_for("trusted", key=b"k" * 32)
    assert trusted.id == 2
    assert trusted.decode(trusted.encode([Str("a"), {1: Point}])) == [Str("a"), {1: Point}]
    with pytest.raises(ValueError, match="key"):
        codec_for("trusted")
    with pytest.raises(ValueError, match="'pickle'"):
        codec_for("pickle")


def test_trusted_says_which_item_cannot_be_pickled() -> None:
    with pytest.raises(CodecError) as caught:
        TrustedCodec(b"k" * 16).encode([1, lambda: 0])
    assert caught.value.index == 1

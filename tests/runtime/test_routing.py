"""Equal keys meet in one instance, on every machine and interpreter start."""

import dataclasses
import datetime as dt
import enum
import itertools
import math
import os
import subprocess
import sys
import typing
import zoneinfo
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sferic.runtime.routing import KeyRouter, KeyTypeError, key_getter, key_hash

NAN = math.nan
UTC = dt.timezone.utc  # noqa: UP017
ROME = zoneinfo.ZoneInfo("Europe/Rome")


class Level(enum.IntEnum):
    LOW = 1


class Unit(str, enum.Enum):  # noqa: UP042 - not the same class as StrEnum
    METRE = "m"


class Colour(enum.Enum):
    RED = 1


class Pair(typing.NamedTuple):
    left: object
    right: object


@dataclasses.dataclass
class Item:
    name: str


class Nobody(str):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


ONE_KEY = [
    [True, 1, 1.0, Decimal(1), Decimal("1.000"), 1 + 0j, Level.LOW]
    + [kind(1) for kind in (np.int8, np.uint64, np.longlong, np.float16, np.longdouble, np.complex64, np.bool_)],
    [0, 0.0, -0.0, Decimal("-0"), Decimal("0E+5"), False, -0j, np.float32(-0.0)],
    [
        NAN,
        -NAN,
        Decimal("NaN"),
        Decimal("-sNaN7"),
        np.float32("nan"),
        complex(0, NAN),
        complex(NAN, 1),
        np.longdouble("nan"),
    ],
    [math.inf, Decimal("Infinity"), np.float16("inf"), complex(math.inf, 0)],
    [0.1, Decimal.from_float(0.1), np.float64(0.1)],
    [2**70, 2.0**70, Decimal(2**70), np.float32(2.0**70)],
    [10**400, Decimal("1E400"), Decimal("10E399")],
    [2**130 + 1, Decimal(2**130 + 1)],
    ["m", Unit.METRE, np.str_("m")],
    [b"m", np.bytes_(b"m")],
    [(1, "a"), (1.0, np.str_("a")), (True, "a"), Pair(1, "a")],
    [((NAN,), None), ((Decimal("NaN"),), None)],
    [dt.datetime(2020, 1, 1, 12, tzinfo=UTC), dt.datetime(2020, 1, 1, 13, tzinfo=ROME)],
    [dt.datetime(2020, 10, 25, 2, 30, fold=1, tzinfo=ROME), dt.datetime(2020, 10, 25, 1, 30, tzinfo=UTC)],
    [dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, fold=1)],  # noqa: DTZ001
    [dt.datetime(2020, 1, 1, tzinfo=UTC)],
    [dt.date(2020, 1, 1)],
    [dt.time(12), dt.time(12, fold=1)],
    [dt.time(12, tzinfo=UTC), dt.time(14, tzinfo=dt.timezone(dt.timedelta(hours=2)))],
    [dt.timedelta(hours=12)],
    *(
        [key]
        for key in (
            "",
            b"",
            (),
            ((),),
            ("a", "b"),
            ("ab",),
            ("a", ("b",)),
            ("\ud800",),
            "\ud800",
            None,
            (None,),
        )
    ),
    *([key] for key in ("1", 1j, -1, 2**61 - 1, 2**64 + 1, 1e-300, Decimal("1E-300"), Decimal("1E999999999"))),
]


@pytest.mark.parametrize("keys", ONE_KEY, ids=lambda keys: f"{type(keys[0]).__name__}-{str(keys[0])[:12]!a}")
def test_one_key(keys: list[object]) -> None:
    assert {key_hash(key) for key in keys} == {key_hash(keys[0])}


def test_keys_that_differ() -> None:
    hashes = [key_hash(keys[0]) for keys in ONE_KEY]
    assert len(set(hashes)) == len(hashes)
    assert all(0 <= value < 1 << 64 for value in hashes)


numbers = (
    st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.floats()
    | st.floats(-3, 3, width=16)
    | st.decimals(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
)
leaves = (
    numbers
    | st.none()
    | st.text(max_size=3)
    | st.binary(max_size=3)
    | st.datetimes(timezones=st.none() | st.timezones())
    | st.dates()
)
keys = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=4)


@given(st.lists(numbers, min_size=2, max_size=20))
@settings(max_examples=300, deadline=None)
def test_equal_numbers_have_equal_hashes(values: list[object]) -> None:
    forms = [form for value in values for form in (value, *other_forms(value))]
    for a, b in itertools.combinations(forms, 2):
        if a == b:
            assert key_hash(a) == key_hash(b), (a, b)


def other_forms(value: object) -> list[object]:
    """The same number, as other types say it."""
    if isinstance(value, bool):
        return [int(value)]
    if isinstance(value, int):
        return [Decimal(value), *([float(value)] if abs(value) < 2**1000 else [])]
    if isinstance(value, float):
        return [np.float64(value), Decimal(value), *([int(value)] if math.isfinite(value) else [])]
    return []


@given(keys, keys)
@settings(max_examples=300, deadline=None)
def test_equal_keys_have_equal_hashes(a: object, b: object) -> None:
    assert key_hash((a,)) == key_hash((a,))
    if a == b:
        assert key_hash(a) == key_hash(b)


SHOW = (
    "import sys; sys.path[:0] = {path!r}\n"
    "import datetime as dt; from decimal import Decimal\n"
    "from sferic.runtime.routing import KeyRouter, key_hash\n"
    "keys = ['word', '', 'é\\ud800', b'x', 1, 2**80, 0.1, None, (1, 'a', (None,)),\n"
    "  Decimal('1E999'), float('nan'),\n"
    "  dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc), dt.date(2020, 1, 1), 1j]\n"
    "router = KeyRouter(7, 'in')\n"
    "print([(key_hash(key), router.bucket(key)) for key in keys])"
)


def test_the_same_at_every_interpreter_start() -> None:
    shown = set()
    for seed in ("0", "1", "4242", "random"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", SHOW.format(path=sys.path)]
        shown.add(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
    assert len(shown) == 1


def test_the_hash_does_not_change_between_versions() -> None:
    # Positions of state and of replayed items depend on it: a change here is a break.
    assert [key_hash(key) for key in ("word", b"word", 1, 0.5, None, (1, "a"), NAN)] == PINNED


PINNED = [
    5078743035914757812,
    11503812993949275439,
    16120068861351797190,
    11251778145387713999,
    9523843951405948789,
    8702262100873979113,
    6753767377493465268,
]


REFUSED = [
    *(
        [1],
        {},
        {1},
        frozenset((1,)),
        bytearray(b"a"),
        object(),
        Colour.RED,
        Fraction(1),
        Nobody("a"),
        Item("a"),
    ),
    *(np.datetime64("2020"), np.timedelta64(1), np.array(1), np.void(b"a"), range(3), int, (1, [2])),
]


@pytest.mark.parametrize("key", REFUSED, ids=lambda key: type(key).__name__)
def test_other_types_are_refused_whatever_was_seen_before(key: object) -> None:
    router = KeyRouter(3, "Count.input")
    for seen in (1, "a", b"a", (1,), (1, "a"), 0, None):
        router.bucket(seen)
    for refused in (key, (key,), (1, key)):
        with pytest.raises(KeyTypeError, match=r"^Count\.input: .+ cannot be a key"):
            router.bucket(refused)


def test_the_refusal_names_the_type() -> None:
    with pytest.raises(KeyTypeError, match=r"fractions\.Fraction cannot be a key"):
        key_hash(Fraction(1))


@pytest.mark.parametrize("keys", ONE_KEY, ids=lambda keys: f"{type(keys[0]).__name__}-{str(keys[0])[:12]!a}")
def test_a_router_that_remembers_says_the_same(keys: list[object]) -> None:
    for order in (keys, keys[::-1]):
        router = KeyRouter(1000, "in")
        for key in (*order, *order):
            assert router.bucket(key) == key_hash(key) % 1000


def test_buckets_are_spread_and_in_range() -> None:
    router = KeyRouter(4, "in")
    for kind in (str, int, float, lambda i: (i, str(i))):
        counts = [0] * 4
        for i in range(4000):
            counts[router.bucket(kind(i))] += 1
        assert min(counts) > 850
    assert KeyRouter(1, "in").bucket("a") == 0
    with pytest.raises(ValueError, match="0 instances"):
        KeyRouter(0, "in")


def test_memory_of_a_router_is_bounded() -> None:
    router = KeyRouter(2, "in")
    for i in range(70_000):
        router.bucket(i)
    router.bucket("x" * 10_000)
    seen = router._seen  # pyright: ignore[reportPrivateUsage] - that it is bounded cannot be seen otherwise
    assert len(seen) <= 65_536
    assert max(len(str(key)) for key in seen) < 300


class TestKeyGetter:
    @pytest.mark.parametrize(
        ("fields", "item", "key"),
        [
            ((0,), ("a", 1), "a"),
            ((-1,), ["a", 1], 1),
            ((0, 2), ("a", 1, "c"), ("a", "c")),
            (("k",), {"k": 1}, 1),
            (("name",), Item("x"), "x"),
            (("name", "name"), Item("x"), ("x", "x")),
            ((1,), Pair(1, 2), 2),
            (("left",), Pair(1, 2), 1),
            (("k", "j"), {"k": 1, "j": None}, (1, None)),
        ],
    )
    def test_keys(self, fields: tuple[int | str, ...], item: object, key: object) -> None:
        assert key_getter(fields)(item) == key

    @pytest.mark.parametrize(
        ("fields", "item", "said"),
        [
            ((2,), ("a", 1), "position 2 is not in a tuple of 2 elements"),
            ((0,), [], "position 0 is not in a list of 0 elements"),
            ((0,), "text", "position 0 needs a tuple or list, not str"),
            ((0, 1), {"k": 1}, "position 0 needs a tuple or list, not dict"),
            (("k",), {}, "field 'k' is no key of this dict"),
            (("k",), Item("x"), r"field 'k' is no attribute of .*Item"),
            (("k",), ("a",), "field 'k' is no attribute of tuple"),
        ],
    )
    def test_missing(self, fields: tuple[int | str, ...], item: object, said: str) -> None:
        with pytest.raises(KeyTypeError, match=said):
            key_getter(fields)(item)

    @pytest.mark.parametrize("fields", [(), (1.5,), (True,), (None,)])
    def test_no_fields(self, fields: tuple[typing.Any, ...]) -> None:
        with pytest.raises(ValueError, match="group-by"):
            key_getter(fields)

"""Cases about items and keys: what arrives is what was written, and equal keys meet."""

import enum
import math
import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from sferic import GenericPE, IterativePE, ProducerPE, WorkflowGraph


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Point(NamedTuple):
    x: int
    y: float


@dataclass(frozen=True)
class Event:
    name: str
    at: datetime
    parts: tuple = ()


@dataclass
class Slotted:
    __slots__ = ("value",)
    value: int


EAST = timezone(timedelta(hours=5, minutes=30))
NOON = datetime(2024, 2, 29, 12, tzinfo=timezone.utc)
ITEMS = [
    None, True, 0, -1, 2**63, 2**64, -(2**63) - 1, 10**40, 0.0, -0.0, math.inf, math.nan, 5e-324, 1 + 2j,
    "", "é𝄞", "\ud800", "a\0b", b"", bytes(range(256)), bytearray(b"x"),
    [], (), {}, set(), frozenset(), [(), [()]], (1, (2, [3, {4}])), [1, 1.0, True],
    {"a": 1}, {1: "int", "1": "str", None: 0, (1, 2): "tuple", b"k": [], 2.5: 0}, {True: "bool"},
    frozenset({(1, "a"), "b"}), {1, "1", None},
    date(1, 1, 1), datetime(2024, 1, 1, fold=1), NOON, NOON.astimezone(EAST), time(1, 2, 3, 4), time(1, tzinfo=EAST),
    timedelta(days=-1, microseconds=1), timezone.utc, EAST,
    Decimal("1.10"), Decimal("NaN"), Decimal("-0"), Decimal("1E+1000"), uuid.UUID(int=2**127),
    Colour.RED, Level.HIGH, Point(1, 2.0), Event("e", NOON, (Colour.RED, Point(0, 0.0))), Slotted(7),
    np.float32(1.5), np.int64(-1), np.bool_(True), np.datetime64("2024-01-01"),
    np.arange(6, dtype="<i2").reshape(2, 3), np.array([], dtype="f8"), np.array(["a", "bc"]), np.zeros((2, 0, 3)),
    np.asfortranarray(np.eye(2)), np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), np.arange(10)[::2],
]  # fmt: skip


def described(value):
    """`value` as a text in which nothing about it is lost: types, order, bits."""
    kind = type(value).__name__
    if isinstance(value, np.ndarray):
        return f"{kind} {value.dtype.descr} {value.shape} {value.tolist()!r}"
    if isinstance(value, (set, frozenset)):
        return f"{kind}{sorted(map(described, value))}"
    if isinstance(value, (list, tuple)):
        return f"{kind}({', '.join(map(described, value))})"
    if isinstance(value, dict):
        return f"{kind}{{{', '.join(f'{described(k)}: {described(v)}' for k, v in value.items())}}}"
    if isinstance(value, (Event, Slotted)):
        fields = value.__dataclass_fields__
        return f"{kind}({', '.join(described(getattr(value, name)) for name in fields)})"
    return f"{kind} {value!r} {getattr(value, 'fold', '')}"


class Everything(ProducerPE):
    def _process(self, inputs):
        for item in ITEMS:
            self.write("output", item)


class Describe(IterativePE):
    def _process(self, data):
        return described(data).encode("utf-8", "surrogatepass")


class Pass(IterativePE):
    def _process(self, data):
        self.write("output", data)


def every_type_arrives_as_it_was_written():
    graph = WorkflowGraph()
    describe, same = Describe(), Pass()
    source = Everything()
    graph.connect(source, "output", describe, "input")
    graph.connect(source, "output", same, "input")
    expected = [described(item) for item in ITEMS]
    return graph, {
        "Describe.output": [text.encode("utf-8", "surrogatepass") for text in expected],
        "Pass.output": ITEMS,
    }


# Keys in groups: those of one group are one key by Python's ==.
KEYS = {
    "one": [1, 1.0, True, Decimal(1), Decimal("1.00"), np.int64(1), np.float32(1), np.bool_(True), 1 + 0j],
    "zero": [0, -0.0, 0.0, False, Decimal("-0")],
    "nan": [math.nan, -math.nan, float("nan"), np.float64("nan")],
    "none": [None],
    "text one": ["1", np.str_("1")],
    "bytes one": [b"1"],
    "big": [2**70, float(2**70), Decimal(2**70)],
    "half": [0.5, Decimal("0.5"), np.float16(0.5)],
    "tuple": [(1, "a"), (1.0, "a"), (True, "a")],
    "nested": [((), (None, 2)), ((), (None, 2.0))],
    "noon": [NOON, NOON.astimezone(EAST)],
    "naive noon": [datetime(2024, 2, 29, 12)],
    "day": [date(2024, 2, 29)],
}


class Keys(ProducerPE):
    def _process(self, inputs):
        for label, keys in KEYS.items():
            for key in keys * 5:
                self.write("output", (key, label))


class Where(IterativePE):
    """Which instance got what."""

    def __init__(self, grouping):
        super().__init__()
        self.numprocesses = 4
        self.inputconnections["input"]["grouping"] = grouping

    def _process(self, data):
        return (data[1], self.rank)


class Met(IterativePE):
    """How many instances each label was seen on."""

    def __init__(self):
        super().__init__()
        self.ranks = {}
        self.items = 0

    def _process(self, data):
        self.items += 1
        self.ranks.setdefault(data[0], set()).add(data[1])

    def _postprocess(self):
        self.write("output", self.items)
        for label, ranks in self.ranks.items():
            self.write("output", (label, len(ranks)))


def _met(grouping):
    graph = WorkflowGraph()
    where, met = Where(grouping), Met()
    graph.connect(Keys(), "output", where, "input")
    graph.connect(where, "output", met, "input")
    items = sum(5 * len(keys) for keys in KEYS.values())
    return graph, {"Met.output": [items, *((label, 1) for label in KEYS)]}


def equal_keys_meet_by_field():
    return _met([0])


def equal_keys_meet_by_a_bare_field():
    return _met(0)


def equal_keys_meet_by_a_tuple_of_fields():
    return _met((0, 1))


def equal_keys_meet_by_function():
    return _met(lambda item: item[0])


class Objects(ProducerPE):
    def _process(self, inputs):
        for number in range(40):
            self.write("output", Point(number % 4, float(number)))


class ByAttribute(GenericPE):
    def __init__(self):
        super().__init__()
        self._add_input("in", grouping=["x"])
        self._add_output("out")
        self.numprocesses = 3
        self.sums = {}

    def process(self, inputs):
        point = inputs["in"]
        self.sums[point.x] = self.sums.get(point.x, 0) + point.y

    def postprocess(self):
        for pair in self.sums.items():
            self.write("out", pair)


def fields_name_attributes():
    sums = {}
    for number in range(40):
        sums[number % 4] = sums.get(number % 4, 0) + float(number)
    graph = WorkflowGraph()
    graph.connect(Objects(), "output", ByAttribute(), "in")
    return graph, {"ByAttribute.out": list(sums.items())}


class BadKeys(ProducerPE):
    def _process(self, inputs):
        for key in (1, [2], 3, Fraction(1, 2), 4):
            self.write("output", (key, "x"))


BadKeys.on_failure = "skip"


def a_key_that_is_none_fails_its_item_alone():
    graph = WorkflowGraph()
    where = Where([0])
    where.numprocesses = 2
    same = Rankless()
    graph.connect(BadKeys(), "output", where, "input")
    graph.connect(where, "output", same, "input")
    return graph, {"Rankless.output": ["x"] * 3, "failures": 2}


class Rankless(IterativePE):
    def _process(self, data):
        return data[0]


CASES = [
    every_type_arrives_as_it_was_written,
    equal_keys_meet_by_field,
    equal_keys_meet_by_a_bare_field,
    equal_keys_meet_by_a_tuple_of_fields,
    equal_keys_meet_by_function,
    fields_name_attributes,
    a_key_that_is_none_fails_its_item_alone,
]

"""The marks of a tagged batch: every list in it starts with the tag that says what it stands for."""

from enum import IntEnum
from typing import Final

# Deeper nesting is refused on both sides. Every level is one array or map of msgpack, which itself stops at 254.
MAX_DEPTH: Final = 200

SCALARS: Final = frozenset((str, int, float, bool, type(None), bytes))


class Tag(IntEnum):
    """First element of a list; a number once used keeps its meaning."""

    LEAF_LIST = 0  # scalars only: the reader need not look at them
    LEAF_TUPLE = 1
    LIST = 2
    TUPLE = 3
    DICT = 4  # key, value, key, value: where keys are not all plain
    SET = 5
    FROZENSET = 6
    BIG_INT = 7
    SURROGATES = 8
    BYTEARRAY = 9
    COMPLEX = 10
    DATE = 11
    TIME = 12
    DATETIME = 13
    TIMEDELTA = 14
    TIMEZONE = 15
    ZONEINFO = 16
    DECIMAL = 17
    UUID = 18
    ARRAY = 19  # dtype, shape, order, bytes in line
    FAR_ARRAY = 20  # dtype, shape, order, number of the buffer behind the body
    NUMPY_SCALAR = 21
    NUMPY_STR = 22
    NUMPY_BYTES = 23
    OBJECT = 24  # name, attribute, value, attribute, value
    NAMED_TUPLE = 25
    ENUM = 26  # name, member's name
    FLAG = 27  # name, value
    EXTENSION = 28  # name, what its encode gave

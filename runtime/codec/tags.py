"""The marks of a tagged batch: every list in it starts with the tag that says what it stands for."""

from typing import Final

# Deeper nesting is refused on both sides. A level is one array or map of msgpack, which stops at 254.
MAX_DEPTH: Final = 200

SCALARS: Final = frozenset((str, int, float, bool, type(None), bytes))


class Tag:
    """First element of a list; a number once used keeps its meaning. No Enum: msgpack takes ints."""

    LEAF_LIST: Final = 0  # scalars only: the reader need not look at them
    LEAF_TUPLE: Final = 1
    LIST: Final = 2
    TUPLE: Final = 3
    DICT: Final = 4  # key, value, key, value: where keys are not all plain
    SET: Final = 5
    FROZENSET: Final = 6
    BIG_INT: Final = 7
    SURROGATES: Final = 8
    BYTEARRAY: Final = 9
    COMPLEX: Final = 10
    DATE: Final = 11
    TIME: Final = 12
    DATETIME: Final = 13
    TIMEDELTA: Final = 14
    TIMEZONE: Final = 15
    ZONEINFO: Final = 16
    DECIMAL: Final = 17
    UUID: Final = 18
    ARRAY: Final = 19  # dtype, shape, order, bytes in line
    FAR_ARRAY: Final = 20  # dtype, shape, order, number of the buffer behind the body
    NUMPY_SCALAR: Final = 21
    NUMPY_STR: Final = 22
    NUMPY_BYTES: Final = 23
    OBJECT: Final = 24  # name, attribute, value, attribute, value
    NAMED_TUPLE: Final = 25
    ENUM: Final = 26  # name, member's name
    FLAG: Final = 27  # name, value
    EXTENSION: Final = 28  # name, what its encode gave

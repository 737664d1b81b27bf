"""The key of a group-by as dispel4py takes it: of whatever can be indexed, and containers may be keys."""

import operator
from collections.abc import Callable
from typing import Any, Final, cast

from sferic.runtime.routing import key_hash

_PLAIN: Final = frozenset((str, int, float, bool, bytes, type(None)))


def key_of(fields: tuple[int | str, ...]) -> Callable[[Any], object]:
    """The function that takes the values at `fields` out of an item, as a key of ours; of one field it is the value."""
    take = cast("Callable[[Any], Any]", operator.itemgetter(*fields))

    def get(item: Any) -> object:
        key = take(item)
        return key if type(key) in _PLAIN else plain(key)

    return get


def plain(value: Any) -> object:
    """`value` with tuples in place of containers: lists and tuples are one, sets and dicts have no order."""
    if isinstance(value, (list, tuple, range)):
        return tuple(plain(part) for part in cast("list[Any]", value))
    if isinstance(value, (set, frozenset)):
        return tuple(sorted((plain(part) for part in cast("set[Any]", value)), key=key_hash))
    if isinstance(value, dict):
        pairs = ((plain(key), plain(part)) for key, part in cast("dict[Any, Any]", value).items())
        return tuple(sorted(pairs, key=key_hash))
    return value

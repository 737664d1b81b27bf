"""A receiver owns its item: copies of what could be changed behind its back."""

import copy
import datetime
import decimal
import uuid
from collections.abc import Callable
from typing import Any, cast

IMMUTABLE = frozenset(
    {
        type(None), bool, int, float, complex, str, bytes, decimal.Decimal, uuid.UUID,
        datetime.date, datetime.datetime, datetime.time, datetime.timedelta,
    }
)  # fmt: skip
_all_immutable = IMMUTABLE.issuperset


def own(item: Any) -> Any:
    """`item` itself where nobody can change it, else a copy; what cannot be copied is shared.

    Where each item passes (`keeper`, the `write` of PEs and of sources) the first two questions are written out: the
    call would cost as much as all else that is done for a small tuple.
    """
    kind = type(item)  # pyright: ignore[reportUnknownVariableType] - users' items; a cast is a call for each
    if kind in IMMUTABLE:
        return item
    if kind is tuple and _all_immutable(map(type, item)):
        return item
    if kind is list and _all_immutable(map(type, item)):
        return cast(list[Any], item)[:]
    if kind is dict and _all_immutable(map(type, item.values())):
        return cast(dict[Any, Any], item).copy()
    try:
        return _deep_copy(item, {})
    except (TypeError, copy.Error):
        return item  # a socket, a generator: it cannot leave this process either


def _deep_copy(item: Any, memo: dict[int, Any]) -> Any:
    """What `copy.deepcopy` gives, in a third of its time where an item is as JSON has them. `memo` is as there: copies
    by the id of what they are of, for parts that are in an item twice, or in themselves."""
    kind = type(item)  # pyright: ignore[reportUnknownVariableType] - as above
    if kind is not dict and kind is not list and kind is not tuple:
        return copy.deepcopy(item, memo)
    if id(item) in memo:
        return memo[id(item)]
    if kind is dict:
        table: dict[Any, Any] = {}
        memo[id(item)] = table
        for key, value in item.items():
            table[key if type(key) in IMMUTABLE else _deep_copy(key, memo)] = (
                value if type(value) in IMMUTABLE else _deep_copy(value, memo)
            )
        return table
    parts: list[Any] = []
    if kind is list:
        memo[id(item)] = parts  # before its parts, which may have it in them
    for value in item:
        parts.append(value if type(value) in IMMUTABLE else _deep_copy(value, memo))
    return parts if kind is list else memo.setdefault(id(item), tuple(parts))


def keeper(append: Callable[[Any], None]) -> Callable[[Any], None]:
    """`append`, of items that are owned first."""

    def keep(item: Any) -> None:
        kind = type(item)  # pyright: ignore[reportUnknownVariableType] - as above
        if kind is tuple:
            for part in item:
                if type(part) not in IMMUTABLE:
                    item = own(item)
                    break
        elif kind not in IMMUTABLE:
            item = own(item)
        append(item)

    return keep

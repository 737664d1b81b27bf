"""A receiver owns its item: copies of what could be changed behind its back."""

import copy
import datetime
import decimal
import uuid
from typing import Any, cast

IMMUTABLE = frozenset(
    {
        type(None), bool, int, float, complex, str, bytes, decimal.Decimal, uuid.UUID,
        datetime.date, datetime.datetime, datetime.time, datetime.timedelta,
    }
)  # fmt: skip
_all_immutable = IMMUTABLE.issuperset


def own(item: Any) -> Any:
    """`item` itself where nobody can change it, else a copy; what cannot be copied is shared."""
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
        return copy.deepcopy(item)
    except (TypeError, copy.Error):
        return item  # a socket, a generator: it cannot leave this process either

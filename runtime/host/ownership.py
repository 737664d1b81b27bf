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
        return copy.deepcopy(item)
    except (TypeError, copy.Error):
        return item  # a socket, a generator: it cannot leave this process either


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

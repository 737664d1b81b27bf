"""From what a PE wrote to calls inside the stage and to batches for links."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from sferic.runtime.codec import CodecError
from sferic.runtime.host.failures import ENDINGS, note
from sferic.runtime.host.ownership import own
from sferic.runtime.plan import Link
from sferic.runtime.routing import KeyRouter, KeyTypeError

ANY_NUMBER = 1 << 30  # of items

_Encoded = TypeVar("_Encoded")
Refuse = Callable[[Link, Any, BaseException], None]


class Outlet(Protocol):
    """Where batches of links go: the transport. `first_limit`: how many items a link's first batch may hold."""

    first_limit: int

    def send(self, link: Link, bucket: int, items: list[Any]) -> int:
        """Take a batch; returns how many items the next one of this link had better hold."""
        ...


def accepted(
    link: Link, items: list[Any], encode: Callable[[list[Any]], _Encoded], refuse: Refuse
) -> tuple[list[Any], _Encoded] | None:
    """The items that the codec takes, and what `encode` made of them; each of the others is refused by itself."""
    while items:
        try:
            return items, encode(items)
        except CodecError as error:
            index = error.index or 0
            refuse(link, items[index], error)
            items = items[:index] + items[index + 1 :]
    return None


def raise_it(_link: Link, _item: Any, error: BaseException) -> None:
    """Refuse where there is no PE yet to blame."""
    raise error


class Receiver(Protocol):
    """One receiver of an output port's items. `room`: how many it had better get together."""

    @property
    def room(self) -> int:
        """See the class."""
        ...

    def take(self, items: list[Any]) -> None:
        """Take items; the list is the receiver's own from now on."""
        ...

    def flush(self) -> None:
        """Send on what is being gathered."""
        ...


class CallReceiver:
    """A PE of the same stage."""

    room = ANY_NUMBER

    def __init__(self, run: Callable[[list[Any]], None], *, copies: bool) -> None:
        self._run = run
        self._copies = copies

    def take(self, items: list[Any]) -> None:
        """Run the items through the PE."""
        self._run([own(item) for item in items] if self._copies else items)

    def flush(self) -> None:
        """Nothing is gathered here."""


class LinkReceiver:
    """A link: sorts items into one bucket a receiving instance, and hands full ones to the outlet."""

    def __init__(
        self,
        link: Link,
        instances: int,
        outlet: Outlet,
        *,
        key: Callable[[Any], Any] | None,
        keys: Callable[[list[Any]], list[Any]] | None,
        refuse: Callable[[Any, BaseException], None],
        check_keys: bool = False,
    ) -> None:
        self._link = link
        self._outlet = outlet
        self._refuse = refuse
        self._limit = min(outlet.first_limit, link.batch.items)
        self._turn = 0
        self.buckets: list[list[Any]] = [[] for _ in range(instances)]
        self._to = f"{link.to_pe}.{link.to_port}"
        self._router = KeyRouter(instances, self._to)
        self._key = key
        self._keys = keys
        self._deal = self._dealer(instances, check_keys=check_keys)

    def _dealer(self, instances: int, *, check_keys: bool) -> Callable[[list[Any]], None]:
        kind = self._link.routing.kind
        if kind == "key" and (instances > 1 or check_keys):
            return self._by_key
        if instances == 1 or kind == "global":
            return self._to_first
        return self._to_all if kind == "all" else self._in_turn

    @property
    def room(self) -> int:
        """As many as the next batch may hold."""
        return self._limit

    def take(self, items: list[Any]) -> None:
        """Sort the items into buckets; send full batches."""
        self._deal(items)
        for bucket, held in enumerate(self.buckets):
            if len(held) >= self._limit:
                self._send(bucket, least=self._limit)

    def flush(self) -> None:
        """Send every bucket that holds something."""
        for bucket, held in enumerate(self.buckets):
            if held:
                self._send(bucket, least=1)

    def _send(self, bucket: int, least: int) -> None:
        held = self.buckets[bucket]
        sent = 0
        while len(held) - sent >= least:
            items = held[sent : sent + self._limit]
            sent += len(items)
            limit = self._outlet.send(self._link, bucket, items)
            self._limit = max(1, min(limit, self._link.batch.items))
        del held[:sent]

    def _to_first(self, items: list[Any]) -> None:
        self.buckets[0] += items

    def _to_all(self, items: list[Any]) -> None:
        for held in self.buckets[1:]:
            held += [own(item) for item in items]
        self.buckets[0] += items

    def _in_turn(self, items: list[Any]) -> None:
        count = len(self.buckets)
        for offset in range(min(count, len(items))):
            self.buckets[(self._turn + offset) % count] += items[offset::count]
        self._turn = (self._turn + len(items)) % count

    def _by_key(self, items: list[Any]) -> None:
        buckets, keys = self.buckets, self._keys
        assert keys is not None
        try:
            numbers = self._router.buckets(keys(items))
        except ENDINGS:
            raise
        except BaseException:  # noqa: BLE001 - an item without a good key, or a user's function that raised: find out which
            self._one_by_one(items)
        else:
            for item, bucket in zip(items, numbers, strict=True):
                buckets[bucket].append(item)

    def _one_by_one(self, items: list[Any]) -> None:
        key = self._key
        assert key is not None
        for item in items:
            try:
                bucket = self._router.bucket(key(item))
            except ENDINGS:
                raise
            except BaseException as error:  # noqa: BLE001 - a user's key function may raise anything
                if not isinstance(error, KeyTypeError):  # which says so by itself
                    note(error, f"in the group-by of {self._to}")
                self._refuse(item, error)
            else:
                self.buckets[bucket].append(item)

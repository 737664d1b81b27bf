"""What flows between the stages of a job: batches with their addresses, as the tuples that Spark shuffles.

A record is ``(link, bucket, sender, number, batch)``: `sender` is the place of the sending stage in the plan and the
rank of its instance, `number` counts what that instance sent. Records of the link `EVENT` hold what happened, as JSON.
"""

from collections.abc import Callable, Iterable, Iterator

EVENT = -1

Sender = tuple[int, int]
Record = tuple[int, int, Sender, int, bytes]
Address = tuple[int, Sender, int]  # bucket, sender, number


def on_links(*links: int) -> Callable[[Record], bool]:
    """A filter for the records of these links."""
    wanted = frozenset(links)
    return lambda record: record[0] in wanted


def addressed(record: Record) -> tuple[Address, bytes]:
    """A record as key and value: sorted by key, what one sender sent is in the order in which it was sent."""
    _, bucket, sender, number, batch = record
    return (bucket, sender, number), batch


def bucket(address: Address) -> int:
    """The instance that is to get it: the sender chose, by the link's grouping."""
    return address[0]


def reports(links: Iterable[int]) -> Callable[[Iterable[Record]], Iterator[Record]]:
    """Of the records of a partition those for the driver: what happened, and the batches of `links`, the results."""
    wanted = frozenset((EVENT, *links))

    def reported(records: Iterable[Record]) -> Iterator[Record]:
        return (record for record in records if record[0] in wanted)

    return reported

"""A topology, looked at again and again: a live table on a terminal, a block each time elsewhere."""

import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from sferic.cluster.nimbus import Nimbus, NoSuchTopology
from sferic.cluster.patience import Patience
from sferic.cluster.status import TOPOLOGY, Face, Said, look, status_lines

if TYPE_CHECKING:
    from rich.console import Group

_OVER = ("finished", "failed", "gone", "interrupted")  # nothing changes any more
Look = Callable[[Said | None], Said | None]  # with the look before; None: there is nothing any more
_ALWAYS = 5  # columns; those behind them are there where they say something
_COLUMNS = ("PE", "instances", "in", "out", "items/s", "ms a batch", "failed", "retried", "restarts", "lost", "memory")


def looks(look: Look, every: float) -> Iterator[Said]:
    """One look each `every` seconds, until nothing can change."""
    now = look(None)
    while now is not None:
        began = time.monotonic()
        yield now
        if now["status"] in _OVER:
            return
        time.sleep(max(0.0, every - (time.monotonic() - began)))
        now = look(now)


def at_topology(nimbus: Nimbus, name: str, tell: Callable[[str], None]) -> Look:
    """Looks at one. A Nimbus that is away is waited for, and `tell` told, from the second look on."""
    patience = Patience(nimbus, tell)

    def again(before: Said | None) -> Said | None:
        if before is None:
            return look(nimbus, name)
        try:
            return patience(partial(look, nimbus, name, before))
        except NoSuchTopology:
            tell(f"{name} is gone")
            return None

    return again


@contextmanager
def screen(face: Face = TOPOLOGY) -> Generator[Callable[[Said], None]]:
    """Where looks are shown: drawn over each other on a terminal, one after the other elsewhere."""
    if not sys.stdout.isatty():
        yield partial(_block, face)
        return
    from rich.live import Live  # noqa: PLC0415 - its import takes a while

    with Live(auto_refresh=False) as live:
        yield lambda said: live.update(table(said, face), refresh=True)


def _block(face: Face, said: Said) -> None:
    moment = time.strftime("%H:%M:%S", time.localtime(said["time"]))
    print(f"--- {moment}, rates over {said['rate_over']:.0f} s")  # noqa: T201 - the command's own output
    for line in status_lines(said, face):
        print(line)  # noqa: T201
    sys.stdout.flush()


def cells(row: Said) -> list[str]:
    """A PE's line in the table, without its name."""

    def number(value: Any, form: str = ",") -> str:
        return "" if value is None else format(value, form)

    shown = [f"{row['ready']}/{row['instances']}" if "instances" in row else ""]
    shown += [number(row["in"]), number(row["out"]), number(row["rate"], ",.0f"), number(row["latency_ms"], ",.1f")]
    shown += [number(row[name] or None) for name in ("failed", "retried", "restarts", "lost")]
    memory = row["memory_bytes"]
    return [*shown, "" if memory is None else f"{memory / (1 << 20):,.0f} MiB"]


def table(said: Said, face: Face = TOPOLOGY) -> "Group":
    """What rich draws."""
    from rich.console import Group  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    rows = [[pe, *cells(row)] for pe, row in said["pes"].items()]
    used = [number for number in range(len(_COLUMNS)) if number < _ALWAYS or any(row[number] for row in rows)]
    drawn = Table()
    for number in used:
        drawn.add_column(_COLUMNS[number], justify="right" if number else "left")
    for row, counts in zip(rows, said["pes"].values(), strict=True):
        bad = counts["failed"] or counts["lost"] or counts["restarts"]
        drawn.add_row(*(Text(row[number]) for number in used), style="red" if bad else None)
    errors = [Text(f"  last error: {row['error']}", style="red") for row in said["pes"].values() if row["error"]]
    return Group(*map(Text, face.head(said)), drawn, *errors, *map(Text, face.notes(said)))

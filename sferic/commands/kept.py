"""Options that say how much a topology keeps for somebody to fetch."""

import re
from typing import Any

import click

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class Size(click.ParamType[int]):
    """A number of bytes, as ``512MiB``; K, M, G and T, with or without ``iB`` or ``B``, are powers of 1,024."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Bytes."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?) *([KMGT]?)(?:i?B)?", str(value), re.IGNORECASE)
        if found is None:
            self.fail(f"{value!r} is no size: write as 512MiB, 2G or 0", param, ctx)
        return int(float(found[1]) * _UNITS[found[2].upper()])


KEPT = (
    click.option(
        "--keep-results",
        type=Size(),
        metavar="SIZE",
        help="Of results that nobody has fetched the newest, so much; 0: none.  [default: all, with an endless source "
        "256MiB in 1,000 chunks]",
    ),
    click.option(
        "--keep-letters",
        type=Size(),
        metavar="SIZE",
        help="Of dead letters that nobody has fetched the newest, so much from each worker.  [default: 256MiB]",
    ),
)


def limits(given: dict[str, Any]) -> dict[str, int]:
    """What `given` says of KEPT, as the topology's configuration has it."""
    said = {"sferic.keep.results": given["keep_results"], "sferic.keep.letters": given["keep_letters"]}
    return {key: size for key, size in said.items() if size is not None}

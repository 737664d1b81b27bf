"""`python -m bench.readme`, from the root: puts the figures of bench/results.json between the README's markers."""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results.json"
README = ROOT / "README.md"
BEGIN, END = "<!-- figures: python -m bench.readme -->", "<!-- end of figures -->"
TITLES = ("row", "against", "theirs", "ours", "unit", "ratio", "bar", "reached")


def figures(rows: list[dict[str, Any]]) -> str:
    """The rows as a table."""
    lines = [TITLES, ("---",) * len(TITLES), *map(_cells, rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def with_figures(page: str, table: str) -> str:
    """`page` with `table` between the markers; ValueError where it has not both, once."""
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"the page has to hold {BEGIN} and {END}, each once")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table}{END}{after}"


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    theirs, ratio = row["peer_value"], row["ratio"]
    return (
        row["name"],
        row["peer"].replace("|", "\\|"),
        "" if theirs is None else _number(theirs),
        _number(row["ours"]),
        row["unit"],
        "" if ratio is None else f"{ratio:.3g}",
        row["bar"],
        {True: "yes", False: "**no**", None: ""}[row["reached"]],
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def main() -> None:
    """Rewrite README.md."""
    README.write_text(with_figures(README.read_text(), figures(json.loads(RESULTS.read_text()))))


if __name__ == "__main__":
    main()

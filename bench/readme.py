"""`python -m bench.readme`, from the root: puts the figures of bench/results.json between the README's markers, and
what each target takes between those of the manual, too."""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results.json"
README = ROOT / "README.md"
MANUAL = ROOT / "docs" / "manual" / "targets.md"
BEGIN, END = "<!-- figures: python -m bench.readme -->", "<!-- end of figures -->"
TARGETS = "<!-- targets: python -m bench.readme -->", "<!-- end of targets -->"
TARGET = "target "  # how the names of rows begin that are of a target, its own name in brackets in place of a peer's
MEASURED = {"start": "first item, s", "p50": "p50, ms", "p99": "p99, ms", "words": "words/s"}
TITLES = ("row", "against", "theirs", "ours", "unit", "ratio", "bar", "reached")


def figures(rows: list[dict[str, Any]]) -> str:
    """The rows as a table, those of targets left out."""
    return _table([TITLES, *(_cells(row) for row in rows if not row["name"].startswith(TARGET))])


def targets(rows: list[dict[str, Any]]) -> str:
    """What each target takes, a line each."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        if row["name"].startswith(TARGET):
            name = row["peer"].strip("()")
            found.setdefault(name, {})[row["name"].removeprefix(TARGET)] = _number(row["ours"])
    lines = [(name, *(figures.get(what, "–") for what in MEASURED)) for name, figures in found.items()]
    return _table([("", *MEASURED.values()), *lines])


def _table(lines: list[tuple[str, ...]]) -> str:
    ruled = [lines[0], ("---",) * len(lines[0]), *lines[1:]]
    return "".join(f"| {' | '.join(line)} |\n" for line in ruled)


def with_figures(page: str, table: str, markers: tuple[str, str] = (BEGIN, END)) -> str:
    """`page` with `table` between the markers; ValueError where it has not both, once."""
    begin, end = markers
    if page.count(begin) != 1 or page.count(end) != 1:
        raise ValueError(f"the page has to hold {begin} and {end}, each once")
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{table}{end}{after}"


def pages(rows: list[dict[str, Any]]) -> dict[Path, str]:
    """The pages as they ought to be."""
    readme = with_figures(README.read_text(), figures(rows))
    texts = {README: readme, MANUAL: MANUAL.read_text()}
    return {page: with_figures(text, targets(rows), TARGETS) for page, text in texts.items()}


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
    """Rewrite them."""
    for page, text in pages(json.loads(RESULTS.read_text())).items():
        page.write_text(text)


if __name__ == "__main__":
    main()

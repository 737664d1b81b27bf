"""CPU time a word, JVM and children, in the runs of storm-words."""

from harness import Row, median, spread
from rows import storm_words as words


def measure() -> list[Row]:
    """Against streamparse's JSON there is a bar; the others are for comparison."""
    taken = words.runs()
    mine = [one.cpu * 1e6 for one in taken[words.OURS]]
    rows: list[Row] = []
    for peer, figures in taken.items():
        if peer == words.OURS:
            continue
        theirs = median([one.cpu * 1e6 for one in figures])
        ratio = median(mine) / theirs
        bar = 1 / 40 if peer == words.JSON else None
        rows.append(
            Row(
                "storm-cpu",
                peer,
                theirs,
                median(mine),
                "µs a word",
                ratio,
                "≤ 1/40" if bar else "",
                None if bar is None else ratio <= bar,
                spread(mine),
            )
        )
    return rows

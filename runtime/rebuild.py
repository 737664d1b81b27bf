"""Builds a definition from the files around this package alone, as a worker will, and writes what came of it.

Started by `compile` as ``python -m sferic.runtime.rebuild REPORT ORDER`` in the folder of the files. ORDER is a file:
a definition's `target`, `params` and `resolved`, as JSON.
"""

import json
import sys
import traceback
from pathlib import Path
from typing import Any

from sferic.runtime.compat.finder import answer, read_enough
from sferic.runtime.definition import digest, expand
from sferic.runtime.loading import LoadingError
from sferic.runtime.plan import DefinitionRef
from sferic.runtime.resolved import rebuilt


def main(report: str, order: str) -> None:
    """Write ``{"digest": …}``, or ``{"text": …}`` with what is missing, where, if that is the reason."""
    root = Path.cwd()
    answer(read_enough)
    try:
        reference = DefinitionRef(**json.loads(Path(order).read_text(encoding="utf-8")))
        told: dict[str, Any] = {"digest": digest(expand(rebuilt(reference, root)))}
    except LoadingError as error:
        told = {"text": str(error), **_missing(error.__cause__, root)}
    Path(report).write_text(json.dumps(told), encoding="utf-8")


def _missing(error: BaseException | None, root: Path) -> dict[str, Any]:
    if isinstance(error, ModuleNotFoundError):
        found: dict[str, Any] = {"module": error.name}
    elif isinstance(error, FileNotFoundError) and isinstance(error.filename, (str, bytes)):
        name = error.filename if isinstance(error.filename, str) else error.filename.decode(errors="replace")
        found = {"file": name}
    else:
        return {}
    frames = traceback.extract_tb(error.__traceback__)
    users = [frame for frame in frames if Path(frame.filename).is_relative_to(root) and not _ours(frame.filename, root)]
    place = [users[-1].filename, users[-1].lineno] if users else []
    return {**found, "place": place}


def _ours(filename: str, root: Path) -> bool:
    return Path(filename).is_relative_to(root / "sferic")


if __name__ == "__main__":
    main(*sys.argv[1:])

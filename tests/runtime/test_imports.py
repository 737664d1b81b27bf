"""The runtime travels to workers: importing it needs nothing that a worker may not have."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = {*sys.stdlib_module_names, "ormsgpack"}


def imported(body):
    """(first part of the name, whole name) of what a module imports when it is imported."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.partition(".")[0], node.module
        elif isinstance(node, ast.Try):
            yield from imported(node.body)


def test_the_runtime_needs_only_what_travels():
    files = [path for path in (ROOT / "runtime").rglob("*.py") if "test" not in path.parts]
    assert len(files) > 30
    for path in files:
        allowed = ALLOWED | {"pyspark", "py4j"} if path.parent.name == "spark" else ALLOWED
        for first, whole in imported(ast.parse(path.read_text()).body):
            assert first in allowed or whole.startswith("sferic.runtime"), f"{path}: {whole}"

"""docs/frames.md tells every frame and every event that the code knows, on both sides of the pipe.

That events have the keys that the page says, tests/faults/test_supervision.py looks at in real runs.
"""

import ast
import importlib.util
import re
from pathlib import Path

_spec = importlib.util.spec_from_file_location("pages", Path(__file__).with_name("pages.py"))
pages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pages)

TEXT = (pages.ROOT / "docs" / "frames.md").read_text()
SHIM = pages.ROOT / "runtime" / "storm" / "shim" / "src" / "main" / "java" / "sferic"


def numbers_in_python():
    source = (pages.ROOT / "runtime" / "frames.py").read_text()
    for names, values in re.findall(r"^([A-Z, ]+) = (0x[0-9A-Fx, ]+)", source, re.MULTILINE):
        yield from zip(names.split(", "), (int(value, 16) for value in values.split(",")), strict=True)


def numbers_in_java():
    source = (SHIM / "Frames.java").read_text()
    return ((name, int(value, 16)) for name, value in re.findall(r"int ([A-Z]+) = (0x\w+);", source))


def test_frames():
    told = pages.frame_types(TEXT)
    assert told == dict(numbers_in_python())
    assert told == dict(numbers_in_java())


def events_in_python():
    for room in ("runtime", "cluster", "compiler", "sferic"):
        for path in (pages.ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                for key, value in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ():
                    if isinstance(key, ast.Constant) and key.value == "event":
                        yield ast.literal_eval(value)


def events_in_java():
    for path in SHIM.glob("*.java"):
        yield from re.findall(r'(?:"event",|\breport\(|\bstandingStill\()\s*"(\w+)"', path.read_text())


def test_events():
    told = pages.event_keys(TEXT)
    here, there = set(events_in_python()), set(events_in_java())
    assert {"print", "died", "failed", "error"} <= here & there
    assert set(told) == here | there

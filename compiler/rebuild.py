"""Builds a definition once more in an empty folder, from the files that travel and nothing else, as a worker will.

What is missing there is told with the `include` line that makes it travel, all of it at once.
"""

import glob
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.frontend.files import first_file, included
from sferic.compiler.passes.emit import relative
from sferic.runtime.location import UNKNOWN, Location
from sferic.runtime.plan import DefinitionRef

_ROUNDS = 50  # missing files that are told at once


@dataclass
class _Missing:
    """What was not there, in the order in which it was met."""

    patterns: list[str] = field(default_factory=list[str])
    problems: list[Problem] = field(default_factory=list[Problem])


def rebuild(definition: DefinitionRef, root: Path, files: Mapping[str, bytes]) -> None:
    """WrongInput unless `files` (by path; the runtime among them) give the definition that was compiled.

    `root` is the folder of the user's files.
    """
    missing = _Missing()
    told: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="sferic-") as name:
        folder = Path(name).resolve() / "files"
        for path, data in files.items():
            _put(folder / path, data)
        for _ in range(_ROUNDS):
            told = _build(definition, folder, Path(name) / "report.json")
            if not _supplied(told, folder, root, missing):
                break
    if missing.patterns:
        told = {}  # once they travel it may still be another definition: that is for the next time
    if told.get("digest", definition.digest) != definition.digest:
        text = f"{definition.target}: built again, from the files that travel alone, it is another workflow"
        remedy = (
            f"let building it depend on its parameters and on files that travel only; {_line(definition, root, [])}"
        )
        missing.problems.append(Problem(text, remedy=remedy))
    elif "text" in told:
        missing.problems.append(_other(definition, told, folder, root))
    if missing.problems:
        raise WrongInput(_with_line(missing, definition, root))


def _build(definition: DefinitionRef, folder: Path, report: Path) -> dict[str, Any]:
    report.unlink(missing_ok=True)
    order = report.with_name("order.json")
    asked = {"target": definition.target, "params": definition.params, "resolved": definition.resolved}
    order.write_text(json.dumps(asked), encoding="utf-8")
    command = [sys.executable, "-P", "-m", "sferic.runtime.rebuild", str(report), str(order)]
    # What PYTHONPATH leads to is on this machine only.
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if not report.is_file():
        return {"text": f"{definition.target}: ended its process with status {done.returncode}\n{done.stderr}".rstrip()}
    told: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return told


def _supplied(told: Mapping[str, Any], folder: Path, root: Path, missing: _Missing) -> bool:
    """Note what was missing, and put it there so that the next thing is found; False if nothing more can be done."""
    source, what = _source(told, folder, root)
    if source is None:
        return False
    path = source.relative_to(root).as_posix()
    if (folder / path).exists():
        return False
    if source.is_dir():
        missing.patterns.append(f"{glob.escape(path)}/**/*")
        for file in source.rglob("*"):
            if file.is_file():
                _put(folder / file.relative_to(root), file.read_bytes())
    else:
        missing.patterns.append(glob.escape(path))
        _put(folder / path, source.read_bytes())
    missing.problems.append(Problem(f"{what} does not travel to workers", _location(told, folder, root)))
    return True


def _source(told: Mapping[str, Any], folder: Path, root: Path) -> tuple[Path | None, str]:
    """Where on this machine the missing thing is, if it is below `root`, and what it is called."""
    if told.get("module"):
        base = root.joinpath(*told["module"].split("."))
        for path in (base.with_suffix(".py"), base):
            if path.exists():
                return path, f"module {told['module']}"
    if told.get("file"):
        named = Path(told["file"])
        path = root / (folder / named).relative_to(folder) if (folder / named).is_relative_to(folder) else named
        path = Path(os.path.normpath(path))
        if path.is_relative_to(root) and path.exists():
            return path, path.relative_to(root).as_posix()
    return None, ""


def _location(told: Mapping[str, Any], folder: Path, root: Path) -> Location:
    if not told.get("place"):
        return UNKNOWN
    file, line = told["place"]
    return Location(str(root / relative(Location(file, line), str(folder)).file), line)


def _other(definition: DefinitionRef, told: Mapping[str, Any], folder: Path, root: Path) -> Problem:
    """Missing and not below the root, or anything else that goes wrong there only."""
    where = _location(told, folder, root)
    if told.get("module"):
        spec = importlib.util.find_spec(told["module"].partition(".")[0])
        origin = f", but from {spec.origin}" if spec and spec.origin else ""
        text = f"module {told['module']} is imported neither from {root} nor from an installed package{origin}"
        return Problem(text, where, f"move it below {root}, or install it for the interpreter of the workers")
    if told.get("file"):
        text = f"{told['file']}, which building the workflow reads, is not below {root}"
        return Problem(text, where, "move it there and include it, or read it in a PE, on the machine that has it")
    text = f"{told['text'].replace(str(folder), str(root))}\nIt was built from the files that travel alone"
    return Problem(text, remedy=_line(definition, root, []))


def _with_line(missing: _Missing, definition: DefinitionRef, root: Path) -> list[Problem]:
    """The line that mends all goes to the first problem that it mends."""
    if not missing.patterns:
        return missing.problems
    first, *others = missing.problems
    return [Problem(first.text, first.location, _line(definition, root, missing.patterns)), *others]


def _line(definition: DefinitionRef, root: Path, patterns: list[str]) -> str:
    if definition.resolved is not None:
        file, sign = root / definition.target, ":"
        said = [(pattern, at[0]) for pattern, at in definition.resolved["include"]]
    else:
        first, sign = first_file(definition.target, root), " ="
        assert first is not None, "files travel only of workflows that are files"
        file, said = first, included(first)
    whole = [*(pattern for pattern, _ in said), *(patterns or ["PATTERN"])]
    place = f"change line {said[0][1]} of {file} to" if said else f"write into {file}"
    lead = place if patterns else f"if a file is missing, {place}"
    return f"{lead}: include{sign} {json.dumps(whole, ensure_ascii=False)}"


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)

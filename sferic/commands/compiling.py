"""What `compile` writes, by target."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sferic import __version__
from sferic.commands.connection import tell
from sferic.commands.packing import packages_of, request_of
from sferic.commands.sizes import asked_of
from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.pipeline import Compiled, Options

Write = Callable[[Compiled, Options, str, Path, Mapping[str, Any]], Path]


def _topology(compiled: Compiled, options: Options, name: str, folder: Path, given: Mapping[str, Any]) -> Path:
    from sferic.cluster.shim import shim_jar  # noqa: PLC0415
    from sferic.compiler.rebuild import rebuild  # noqa: PLC0415
    from sferic.compiler.resources import resources  # noqa: PLC0415
    from sferic.compiler.targets.storm import (  # noqa: PLC0415
        interpreter,
        make_artefact,
        worker_files,
        write_artefact,
    )

    if given["mode"] is not None:
        raise WrongInput([Problem(f"--mode {given['mode']} is for Spark", remedy="leave it out")])
    root, runtime = Path(options.root), _runtime()
    request = request_of(given)
    python = given["python"] or interpreter(request and request.for_python)
    needs = resources(compiled.plan, asked_of(given))
    with packages_of(request, options, tell) as packages:
        artefact = make_artefact(
            compiled.plan, root, name=name, python=python, version=__version__, needs=needs, packages=packages
        )
        rebuild(compiled.plan.definition, root, worker_files(artefact, runtime))
        return write_artefact(artefact, folder, shim=shim_jar(), runtime=runtime, version=__version__)


def _job(compiled: Compiled, options: Options, name: str, folder: Path, given: Mapping[str, Any]) -> Path:
    from sferic.compiler.rebuild import rebuild  # noqa: PLC0415
    from sferic.compiler.targets.spark import make_artefact, worker_files, write_artefact  # noqa: PLC0415

    if given["python"] is not None:
        text = f"--python {given['python']}: a Spark job runs with the interpreter that it is submitted with"
        raise WrongInput([Problem(text, remedy="set PYSPARK_PYTHON for spark-submit")])
    asked_of(given, "spark")
    root, runtime = Path(options.root), _runtime()
    with packages_of(request_of(given), options, tell) as packages:
        artefact = make_artefact(
            compiled.plan, root, name=name, version=__version__, mode=given["mode"], packages=packages
        )
        rebuild(compiled.plan.definition, root, worker_files(artefact, runtime))
        return write_artefact(artefact, folder, runtime=runtime, version=__version__)


def _runtime() -> Path:
    import sferic.runtime  # noqa: PLC0415

    return Path(sferic.runtime.__file__).parent


WRITERS: Mapping[str, Write] = {"storm": _topology, "spark": _job}


def written(target: str, path: Path, name: str, compiled: Compiled) -> tuple[dict[str, Any], str]:
    """(for programs, for people): what was written, and what to do with it."""
    count, size = len(compiled.plan.stages), path.stat().st_size
    told = {"jar" if target == "storm" else "flow": str(path), "name": name, "stages": count, "bytes": size}
    text = f"{path}: {count} stage{'s' * (count != 1)}, {size:,} bytes"
    if target == "spark":
        from sferic.compiler.targets.spark import submit_line  # noqa: PLC0415 - only Spark needs its packages

        mode = json.loads(path.with_name("MANIFEST.json").read_text())["mode"]
        text += f"\nTo run it: {submit_line(mode, path.parent)}"
    return told, text

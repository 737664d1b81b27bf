"""The files of a Spark job: readable, complete, and the same bytes for the same input."""

import hashlib
import importlib.metadata
import json
import platform
import re
import shlex
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.packages import Packages
from sferic.compiler.targets.files import runtime_files, write_archive
from sferic.compiler.targets.spark.view import stage_views
from sferic.runtime.location import UNKNOWN
from sferic.runtime.plan import Plan, PlannedPE
from sferic.runtime.spark import Mode

_NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")
_CARRIED = ("ormsgpack",)  # compiled packages that the runtime needs
# What job.py takes of ours beside the runtime.
_SUBMITTED = ("jobstatus", "logged", "report", "stop", "submitted", "written")
_FILES = ("MANIFEST.json", "flow.zip", "job.py", "plan.json")


@dataclass(frozen=True, slots=True)
class SparkArtefact:
    """What `compile --to spark` writes."""

    name: str
    job_py: str
    plan: Plan
    mode: Mode
    files: Mapping[str, bytes]  # the user's, by path below the root
    packages: Packages | None = None  # what is packed; else the runtime's own compiled ones, as they are here


def make_artefact(
    plan: Plan,
    root: Path,
    *,
    name: str,
    version: str,
    mode: Mode | None = None,
    packages: Packages | None = None,
) -> SparkArtefact:
    """Render `plan`; the user's files are read from `root`. `mode`: unless said, what has no end is a stream."""
    if not _NAME.fullmatch(name):
        text = f"{name!r} is no name for a job"
        raise WrongInput([Problem(text, remedy="use letters, digits, - and _, at most 200")])
    mode = mode_of(plan, mode)
    endless = _endless(plan)
    if mode == "batch" and endless:
        remedy = "say --mode dstream, or give the source an end"
        text = "is endless: a batch job ends when its sources do"
        raise WrongInput([Problem(f"{pe.path} {text}", pe.location or UNKNOWN, remedy) for pe in endless])
    files = {path: (root / path).read_bytes() for path, _ in plan.definition.files}
    return SparkArtefact(name, render(plan, name, version, mode), plan, mode, files, packages)


def mode_of(plan: Plan, asked: Mode | None = None) -> Mode:
    """Unless said, what has no end is a stream."""
    return asked or ("dstream" if _endless(plan) else "batch")


def _endless(plan: Plan) -> list[PlannedPE]:
    return [pe for stage in plan.stages for pe in stage.pes if pe.endless]


def render(plan: Plan, name: str, version: str, mode: Mode) -> str:
    """job.py."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - only here are templates rendered
    except ImportError as error:
        text = "Spark jobs are rendered with a package that is not installed here"
        raise WrongInput([Problem(text, remedy="do: pip install 'sferic[spark]'")]) from error
    environment = Environment(  # noqa: S701 - the output is Python; user text passes through `literal`
        loader=PackageLoader("sferic", "templates"), undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["literal"] = json.dumps
    template = environment.get_template(f"spark_{mode}.py.j2")
    about = ascii(plan.definition.target or "a graph in memory")[1:-1].replace('"', "'")
    return template.render(
        name=name, version=version, definition=about, submit=submit_line(mode), stages=stage_views(plan)
    )


def worker_files(artefact: SparkArtefact, runtime: Path) -> dict[str, bytes]:
    """What building the definition on a cluster may import, by path."""
    return runtime_files(runtime) | dict(artefact.files)


def write_artefact(artefact: SparkArtefact, folder: Path, *, runtime: Path, version: str) -> Path:
    """Write the artefact to `folder`, all of it or nothing; returns flow.zip's path. `runtime`: its folder."""
    try:
        _check_free(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise WrongInput([Problem(f"{folder} cannot be written ({error.strerror})")]) from error
    try:
        (part / "job.py").write_text(artefact.job_py)
        artefact.plan.write(part / "plan.json")
        write_archive(part / "flow.zip", dict(_entries(artefact, runtime)))
        if artefact.packages is None:
            write_archive(part / "packages.zip", dict(_carried()))
        else:
            write_archive(part / "packages.zip", {}, (PurePosixPath(), artefact.packages.folder))
        (part / "MANIFEST.json").write_text(_manifest(artefact, part, version))
        if folder.exists():
            shutil.rmtree(folder)
        part.chmod(0o755)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder / "flow.zip"


def _check_free(folder: Path) -> None:
    """Only an artefact is overwritten, never what somebody keeps there."""
    if not folder.exists() or all((folder / name).is_file() for name in _FILES):
        return
    if not folder.is_dir() or any(folder.iterdir()):
        text = f"{folder} is there already, and is no artefact"
        raise WrongInput([Problem(text, remedy="name another folder with -o, or remove it")])


def _entries(artefact: SparkArtefact, runtime: Path) -> Iterator[tuple[str, bytes]]:
    yield "python", _python(artefact).encode()
    yield "plan.json", artefact.plan.to_json().encode()
    yield from runtime_files(runtime).items()
    for name in _SUBMITTED:
        yield f"sferic/{name}.py", (runtime.parent / f"{name}.py").read_bytes()
    for path, data in artefact.files.items():
        yield f"files/{path}", data


def _carried() -> Iterator[tuple[str, bytes]]:
    for package in _CARRIED:
        for file in importlib.metadata.files(package) or ():
            if file.parts[0] == package and "__pycache__" not in file.parts:
                yield file.as_posix(), file.read_binary()


def _python(artefact: SparkArtefact) -> str:
    """The minor version that the compiled packages are for."""
    packages = artefact.packages
    return ".".join(platform.python_version_tuple()[:2]) if packages is None else packages.python


def submit_line(mode: Mode, folder: Path | None = None) -> str:
    """What runs the artefact that is in `folder`, or in the folder where it is said."""
    here = Path() if folder is None else folder
    flow, job = (shlex.quote(str(here / name)) for name in ("flow.zip", "job.py"))
    line = f"spark-submit --py-files {flow} --archives {packages_of(here)} {job}"
    return line + " --checkpoint FOLDER" * (mode == "dstream")


def packages_of(folder: Path) -> str:
    """For --archives: an artefact's packages, and the name under which its job looks for them. Where there is something
    in it that a URI has not, such as a space, Spark takes all of it for a path, with the #."""
    archive = folder / "packages.zip"
    plain = quote(str(archive)) == str(archive)
    return f"{archive if plain else archive.absolute().as_uri()}#packages"


def _manifest(artefact: SparkArtefact, folder: Path, version: str) -> str:
    packages = artefact.packages
    told = {
        "name": artefact.name,
        "sferic": version,
        "python": _python(artefact),
        "plan": artefact.plan.digest(),
        "packed": [] if packages is None else [asdict(one) for one in packages.distributions],
        "mode": artefact.mode,
        "submit": submit_line(artefact.mode),
        "files": {
            "job.py": hashlib.sha256(artefact.job_py.encode()).hexdigest(),
            **_digests(folder / "flow.zip"),
            **_digests(folder / "packages.zip"),
        },
    }
    return json.dumps(told, indent=1) + "\n"


def _digests(path: Path) -> dict[str, str]:
    """Of all that is in an archive."""
    with zipfile.ZipFile(path) as archive:
        return {f"{path.name}/{name}": hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}

"""Packs third-party packages: wheels for one minor version of Python on one platform, installed into a folder that
travels with an artefact. Workers then need that Python and nothing else."""

import contextlib
import hashlib
import importlib.util
import json
import platform as machine
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.packages import Distribution, Imported, Packages

ALWAYS = "ormsgpack"  # the compiled package that the runtime itself needs
# What wheels for "linux" may ask of the machine: its C library is of 2018 or newer.
_GLIBC = ("2_28", "2_27", "2_26", "2_24", "2_17", "2_12", "2_5")
_PLATFORM = re.compile(r"(linux|manylinux_2_\d+|musllinux_1_\d+|macosx_\d+_\d+)_([a-z0-9_]+)")
_PYTHON = re.compile(r"3\.\d{1,2}")
_LAST = 12  # lines of what pip says that are shown

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be packed. `requirements`: a file as pip reads it, which wins over what is installed here."""

    requirements: Path | None = None
    platform: str = ""
    python: str = ""

    def __post_init__(self) -> None:
        if self.platform and not _PLATFORM.fullmatch(self.platform):
            raise WrongInput([Problem(f"--platform {self.platform}: no platform", remedy=f"write {_here()}, or as it")])
        if self.python and not _PYTHON.fullmatch(self.python):
            raise WrongInput([Problem(f"--python-version {self.python}: no minor version", remedy="write 3.11")])

    @property
    def for_platform(self) -> str:
        """As workers have it; where nothing was said, Linux on x86_64, as most clusters are."""
        return self.platform or "linux_x86_64"

    @property
    def for_python(self) -> str:
        """The minor version; where nothing was said, this one."""
        return self.python or _minor()

    @property
    def native(self) -> bool:
        """Can what is built here run there?"""
        return (self.for_platform, self.for_python) == (_here(), _minor())


@dataclass(frozen=True, slots=True)
class Wanted:
    """A distribution that the workflow imports, at the version that is installed here."""

    name: str
    version: str
    source: str  # folder that it is built from, where it was installed from one; else empty
    imported: tuple[Imported, ...]


def _minor() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _here() -> str:
    return f"{sys.platform}_{machine.machine()}"


def wanted(imported: Sequence[Imported], *, lenient: bool) -> list[Wanted]:
    """The distributions of these modules, and the runtime's own. WrongInput for a module that none has.

    `lenient`: somebody else says what such modules come from.
    """
    by_module = metadata.packages_distributions()
    found: dict[str, list[Imported]] = {ALWAYS: []}
    problems: list[Problem] = []
    for one in imported:
        names = _of_module(one, by_module)
        if not names and not one.optional and not lenient:
            text = f"module {one.module} belongs to no package that is installed here"
            remedy = f"install it here, or name its package in a file: --requirements FILE; or put {one.top}.py beside"
            problems.append(Problem(text, one.location, remedy))
        for name in names:
            found.setdefault(name, []).append(one)
    if problems:
        raise WrongInput(problems)
    return [_wanted(name, tuple(found[name])) for name in sorted(found)]


def to_pack(request: Request, imported: Sequence[Imported]) -> dict[str, Any]:
    """What `packed` would be asked for, without asking pip."""
    roots = wanted(imported, lenient=request.requirements is not None)
    return {
        "python": request.for_python,
        "platform": request.for_platform,
        "requirements": None if request.requirements is None else str(request.requirements),
        "distributions": [
            {"name": one.name, "version": one.version, "imported": [str(each.location) for each in one.imported]}
            for one in roots
        ],
    }


def packed_text(told: Mapping[str, Any]) -> str:
    """The same for people: a section of `explain`."""
    lines = ["", "", f"Packed for Python {told['python']} on {told['platform']}, with what these need themselves"]
    for one in told["distributions"]:
        why = f"imported at {', '.join(one['imported'])}" if one["imported"] else "the runtime needs it"
        lines.append(f"  {one['name']} {one['version']}  {why}")
    if told["requirements"]:
        lines.append(f"  what {told['requirements']} says, which wins")
    return "\n".join(lines)


def _wanted(name: str, imported: tuple[Imported, ...]) -> Wanted:
    try:
        one = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return Wanted(name, "", "", imported)
    return Wanted(one.name, one.version, _source(one), imported)


def _source(one: metadata.Distribution) -> str:
    told: dict[str, Any] = json.loads(one.read_text("direct_url.json") or "{}")
    url = urlsplit(str(told.get("url", "")))
    return unquote(url.path) if url.scheme == "file" and "dir_info" in told else ""


def _of_module(one: Imported, by_module: Mapping[str, list[str]]) -> list[str]:
    names = sorted(set(by_module.get(one.top, ())))
    if not names:
        return _editable(one.top)
    if len(names) == 1:
        return names
    inside = one.module.replace(".", "/")  # of a namespace that several share
    close = [n for n in names if any(str(f).startswith(inside) for f in metadata.files(n) or ())]
    return close or names


def _editable(module: str) -> list[str]:
    """Packages that are installed as a link to their folder do not list their modules."""
    spec = importlib.util.find_spec(module)
    places = [spec.origin] if spec and spec.origin else list(spec.submodule_search_locations or ()) if spec else []
    return [
        one.name
        for one in metadata.distributions()
        for place in places
        if (source := _source(one)) and Path(place).resolve().is_relative_to(Path(source).resolve())
    ]


@contextlib.contextmanager
def packed(request: Request, imported: Sequence[Imported], tell: Tell) -> Generator[Packages]:
    """The packages, in a folder that is there until the end of the block. Raises WrongInput."""
    if importlib.util.find_spec("pip") is None:
        raise WrongInput([Problem(f"--pack needs pip, which {sys.executable} lacks", remedy="python -m ensurepip")])
    roots = wanted(imported, lenient=request.requirements is not None)
    with tempfile.TemporaryDirectory(prefix="sferic-pack-") as name:
        place = Path(name)
        tell(f"packing for Python {request.for_python} on {request.for_platform}")
        wheels = _wheels(request, roots, place)
        folder = _install(request, wheels, place / "packages")
        found = tuple(sorted((_read(wheel) for wheel in wheels), key=lambda one: one.name.lower()))
        yield Packages(folder, request.for_python, request.for_platform, found)


def _wheels(request: Request, roots: Sequence[Wanted], place: Path) -> list[Path]:
    said = _names_in(request.requirements)
    asked: list[str] = []
    for one in roots:
        if _plain(one.name) in said:
            continue
        if one.source:
            asked.append(str(_built(one, request, place / "built")))
        else:
            asked.append(f"{one.name}=={one.version}" if one.version else one.name)
    (place / "asked.txt").write_text("".join(f"{line}\n" for line in asked))
    given = ["-r", str(place / "asked.txt")]
    if request.requirements is not None:
        given += ["-r", str(request.requirements)]
    else:
        given += ["-c", str(_installed(place / "installed.txt", roots))]
    target = place / "wheels"
    if request.native:
        done = _pip("wheel", "--prefer-binary", "-w", str(target), *given)
    else:
        done = _pip("download", "-d", str(target), *_tags(request), *given)
    if done.returncode:
        raise WrongInput([_unresolved(request, done.stdout + done.stderr, roots)])
    return sorted(target.glob("*.whl"))


def _names_in(requirements: Path | None) -> set[str]:
    if requirements is None:
        return set()
    try:
        lines = requirements.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongInput([Problem(f"--requirements {requirements}: not a text ({error})")]) from error
    found = [re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", line) for line in lines]
    return {_plain(one[1]) for one in found if one}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed(file: Path, roots: Sequence[Wanted]) -> Path:
    """What others bring along has the version that it has here, too."""
    asked = {_plain(one.name) for one in roots}
    there = [one for one in metadata.distributions() if one.name and _plain(one.name) not in asked]
    lines = {f"{one.name}=={one.version}\n" for one in there if not _source(one)}
    file.write_text("".join(sorted(lines)))
    return file


def _built(one: Wanted, request: Request, folder: Path) -> Path:
    """A wheel of a package that is installed here from a folder."""
    own = folder / _plain(one.name)
    done = _pip("wheel", "--no-deps", "-w", str(own), one.source)
    found = sorted(own.glob("*.whl"))
    if done.returncode or not found:
        remedy = "mend what its build says"
        raise WrongInput(
            [Problem(f"{one.name}, of {one.source}, cannot be built:\n{_last(done.stderr)}", remedy=remedy)]
        )
    if not request.native and not found[0].stem.endswith("-any"):
        text = f"{one.name}, of {one.source}, is compiled, and cannot be built here for {request.for_platform}"
        remedy = f"pack it on a machine of that kind, with Python {request.for_python}"
        raise WrongInput([Problem(text, remedy=remedy)])
    return found[0]


def _tags(request: Request) -> list[str]:
    kind = _PLATFORM.fullmatch(request.for_platform)
    assert kind is not None, "looked at when it was asked for"
    names = [f"manylinux_{one}_{kind[2]}" for one in _GLIBC] if kind[1] == "linux" else []
    names += [f"manylinux2014_{kind[2]}", request.for_platform] if "linux" in kind[1] else [request.for_platform]
    tags = ["--only-binary", ":all:", "--implementation", "cp", "--python-version", request.for_python]
    return [*tags, *(word for name in names for word in ("--platform", name))]


def _install(request: Request, wheels: Sequence[Path], folder: Path) -> Path:
    tags = [] if request.native else _tags(request)
    done = _pip("install", "--no-deps", "--no-index", "--no-compile", "--target", str(folder), *tags, *map(str, wheels))
    if done.returncode:
        raise WrongInput([Problem(f"the wheels cannot be installed into a folder:\n{_last(done.stderr)}")])
    shutil.rmtree(folder / "bin", ignore_errors=True)  # scripts with the path of this machine's Python
    for note in ("direct_url.json", "INSTALLER", "REQUESTED", "RECORD"):
        for file in folder.glob(f"*.dist-info/{note}"):
            file.unlink()
    _refuse_odd(folder)
    return folder


def _refuse_odd(folder: Path) -> None:
    problems = [
        Problem(f"{path.relative_to(folder)} in the packages is neither file nor folder: it does not travel")
        for path in folder.rglob("*")
        if not stat.S_ISREG(mode := path.lstat().st_mode) and not stat.S_ISDIR(mode)
    ]
    for entry in sorted(folder.iterdir()):
        if (name := entry.name.removesuffix(".py")) in sys.stdlib_module_names or name == "sferic":
            text = f"one of the packages has a module {name}, which would be taken for {_whose(name)}"
            problems.append(Problem(text, remedy="leave out the package that brings it"))
    if problems:
        raise WrongInput(problems)


def _whose(name: str) -> str:
    return "the one that travels already" if name == "sferic" else "Python's own"


def _read(wheel: Path) -> Distribution:
    name, version = wheel.name.split("-")[:2]
    return Distribution(name, version, hashlib.sha256(wheel.read_bytes()).hexdigest())


def _unresolved(request: Request, said: str, roots: Sequence[Wanted]) -> Problem:
    lacking = re.search(r"No matching distribution found for ([^\s(]+)", said)
    where = f"Python {request.for_python} on {request.for_platform}"
    if lacking is None:
        return Problem(f"what is to be packed for {where} cannot be resolved:\n{_last(said)}")
    named = _plain(re.split(r"[=<>!~;\[]", lacking[1])[0])
    places = [one.location for root in roots if _plain(root.name) == named for one in root.imported]
    remedy = (
        "name a version that has one in a file (--requirements FILE), or pack on a machine of that kind"
        if not request.native
        else "see whether it can be installed here (pip says why not), or name another version: --requirements FILE"
    )
    text = f"there is no wheel of {lacking[1]} for {where}"
    return Problem(text, places[0], remedy) if places else Problem(text, remedy=remedy)


def _pip(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def _last(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-_LAST:])

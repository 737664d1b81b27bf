"""The files of a Storm topology: readable, complete, and the same bytes for the same input."""

import hashlib
import importlib
import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.packages import Packages
from sferic.compiler.resources import Resources, resources
from sferic.compiler.targets.files import runtime_files, write_archive
from sferic.compiler.targets.storm.config import PACKED, topology_config
from sferic.compiler.targets.storm.harmless import refuse_harmful
from sferic.compiler.targets.storm.view import component_views
from sferic.runtime.plan import Plan

_NIMBUS_BUFFER = 1 << 20
_BESIDE = 48 << 10  # bytes that a submission takes beside it, with a large configuration
_NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")  # so that NAME.jar is a file's name everywhere


@dataclass(frozen=True, slots=True)
class StormArtefact:
    """What `compile --to storm` writes."""

    name: str
    topology_py: str
    struct: bytes
    config: Mapping[str, Any]
    plan: Plan
    files: Mapping[str, bytes]  # the user's, by path below the root
    packages: Packages | None = None  # what is packed


def make_artefact(
    plan: Plan,
    root: Path,
    *,
    name: str,
    python: str,
    version: str,
    needs: Resources | None = None,
    packages: Packages | None = None,
) -> StormArtefact:
    """Render `plan`; the user's files are read from `root`. `needs`: where they are not what the plan says alone."""
    if not _NAME.fullmatch(name):
        text = f"{name!r} is no name for a topology"
        raise WrongInput([Problem(text, remedy="use letters, digits, - and _, at most 200")])
    needs = needs or resources(plan)
    text = render(plan, name, version, needs)
    struct = thrift_struct(text)
    if len(struct) > _NIMBUS_BUFFER - _BESIDE:
        message = f"the topology's description has {len(struct)} bytes, Nimbus takes 1 MiB"
        remedy = "fuse PEs into partitions, or raise nimbus.thrift.max_buffer_size on the cluster"
        raise WrongInput([Problem(message, remedy=remedy)])
    files = {path: (root / path).read_bytes() for path, _ in plan.definition.files}
    config = topology_config(plan, python=python, version=version, needs=needs, packages=packages)
    return StormArtefact(name, text, struct, config, plan, files, packages)


def render(plan: Plan, name: str, version: str, needs: Resources) -> str:
    """topology.py."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - only here are templates rendered
    except ImportError as error:
        raise _packages_missing() from error

    environment = Environment(  # noqa: S701 - the output is Python; user text passes through `literal`
        loader=PackageLoader("sferic", "templates"), undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["literal"] = _literal
    template = environment.get_template("storm_topology.py.j2")
    about = ascii(plan.definition.target or "a graph in memory")[1:-1].replace('"', "'")
    return template.render(name=name, version=version, definition=about, stages=component_views(plan, needs))


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=True)


def _packages_missing() -> WrongInput:
    text = "Storm topologies are built with packages that are not installed here"
    return WrongInput([Problem(text, remedy="do: pip install 'sferic[storm]'")])


def thrift_struct(topology_py: str) -> bytes:
    """What topology.py makes, by running it."""
    try:
        importlib.import_module("streamparse")
    except ImportError as error:
        raise _packages_missing() from error
    scope: dict[str, Any] = {"__name__": "sferic_topology"}
    exec(compile(topology_py, "topology.py", "exec"), scope)  # noqa: S102 - our own rendering; user text is in literals
    struct: bytes = scope["thrift_struct"]()
    return struct


def write_artefact(artefact: StormArtefact, folder: Path, *, shim: Path, runtime: Path, version: str) -> Path:
    """Write the artefact to `folder`, all of it or nothing; returns the jar's path.

    `shim`: the jar of the shim's classes; `runtime`: the folder of the runtime package, which travels too.
    """
    refuse_harmful(artefact.config)
    try:
        _check_free(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise WrongInput([Problem(f"{folder} cannot be written ({error.strerror})")]) from error
    try:
        entries = dict(_jar_entries(artefact, shim, runtime))
        config = json.dumps(_with_build(artefact, entries), indent=1, sort_keys=True) + "\n"
        entries["config.json"] = config.encode()
        manifest = _manifest(artefact, entries, version)
        (part / "topology.py").write_text(artefact.topology_py)
        (part / "config.json").write_text(config)
        artefact.plan.write(part / "plan.json")
        (part / "MANIFEST.json").write_text(manifest)
        whole = entries | {"MANIFEST.json": manifest.encode()}
        tree = None if artefact.packages is None else (PurePosixPath("resources", PACKED), artefact.packages.folder)
        write_archive(part / f"{artefact.name}.jar", whole, tree)
        if folder.exists():
            shutil.rmtree(folder)
        part.chmod(0o755)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder / f"{artefact.name}.jar"


def _with_build(artefact: StormArtefact, entries: Mapping[str, bytes]) -> dict[str, Any]:
    """The configuration, with what tells this build from any other: all that runs is in it."""
    config = artefact.config
    files = {path: hashlib.sha256(data).hexdigest() for path, data in entries.items()}
    if artefact.packages is not None:
        files |= {f"{PACKED}/{one.name}": one.sha256 for one in artefact.packages.distributions}
    build = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    return {**config, "sferic.about": {**config["sferic.about"], "build": build}}


def _check_free(folder: Path) -> None:
    """Only an artefact is overwritten, never what somebody keeps there."""
    if not folder.exists() or all((folder / name).is_file() for name in ("MANIFEST.json", "plan.json", "topology.py")):
        return
    if not folder.is_dir() or any(folder.iterdir()):
        text = f"{folder} is there already, and is no artefact"
        raise WrongInput([Problem(text, remedy="name another folder with -o, or remove it")])


def _jar_entries(artefact: StormArtefact, shim: Path, runtime: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(shim) as classes:
        for name in classes.namelist():
            yield name, classes.read(name)
    yield "topology.bin", artefact.struct
    yield "topology.py", artefact.topology_py.encode()
    yield "resources/plan.json", artefact.plan.to_json().encode()
    for path, data in worker_files(artefact, runtime).items():
        yield f"resources/{path}", data


def worker_files(artefact: StormArtefact, runtime: Path) -> dict[str, bytes]:
    """What a worker finds on its sys.path, by path: of ours what users' modules may import, and the user's files."""
    return runtime_files(runtime) | dict(artefact.files)


def _manifest(artefact: StormArtefact, entries: Mapping[str, bytes], version: str) -> str:
    return (
        json.dumps(
            {
                "name": artefact.name,
                "sferic": version,
                "plan": artefact.plan.digest(),
                "build": json.loads(entries["config.json"])["sferic.about"]["build"],
                "files": {path: hashlib.sha256(data).hexdigest() for path, data in sorted(entries.items())},
                **({} if artefact.packages is None else {"packages": _packed_json(artefact.packages)}),
            },
            indent=1,
        )
        + "\n"
    )


def _packed_json(packages: Packages) -> dict[str, Any]:
    """Each by its wheel: the files of a wheel are not listed one by one."""
    return {
        "python": packages.python,
        "platform": packages.platform,
        "distributions": [asdict(one) for one in packages.distributions],
    }

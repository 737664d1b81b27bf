"""Takes a compiled topology to Nimbus."""

import contextlib
import importlib
import json
import secrets
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sferic.runtime
from sferic.cluster.nimbus import Nimbus, NimbusError
from sferic.cluster.positions import check_positions, drop_positions, positions, resumes
from sferic.cluster.shim import shim_jar
from sferic.compiler.rebuild import rebuild
from sferic.compiler.targets.storm import StormArtefact, worker_files, write_artefact

KEY = "sferic.key"  # the credential: Storm keeps these out of configurations and logs
_HANG = 600  # seconds without progress after which a process of a topology is replaced


@dataclass(frozen=True, slots=True)
class Package:
    """What Nimbus takes: the jar, the Thrift struct, and the configuration."""

    name: str
    jar: bytes
    struct: bytes
    config: Mapping[str, Any]


def submit(
    artefact: StormArtefact,
    root: Path,
    nimbus: Nimbus,
    version: str,
    *,
    fresh: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> str:
    """Upload and submit; returns the topology's id. Raises NimbusError, and WrongInput where files are missing.

    Sources go on where those of the last topology of this name were, and `tell` hears so; `fresh`: they begin anew.
    """
    nimbus.check_version()
    _check_free(artefact.name, nimbus)
    kept = [] if fresh else positions(nimbus, artefact.name)
    check_positions(artefact.plan, artefact.name, kept)
    if fresh:  # said to the workers, too: one of the last topology may write yet
        artefact = replace(artefact, config={**artefact.config, "sferic.fresh": True})
    package = package_of(artefact, root, version)
    check_size(package, nimbus)
    location = upload(nimbus, package)
    if fresh:
        drop_positions(nimbus, artefact.name)
    for line in resumes(artefact.plan, artefact.name, kept):
        tell(line)
    return start(nimbus, package, location)


def package_of(artefact: StormArtefact, root: Path, version: str) -> Package:
    """Whole, with what a submission adds. Raises WrongInput where files are missing."""
    runtime = Path(sferic.runtime.__file__).parent
    rebuild(artefact.plan.definition, root, worker_files(artefact, runtime))
    config = {**artefact.config, "sferic.hang.seconds": _HANG}
    with tempfile.TemporaryDirectory(prefix="sferic-") as folder:
        whole = replace(artefact, config=config)
        jar = write_artefact(whole, Path(folder) / "artefact", shim=shim_jar(), runtime=runtime, version=version)
        written = json.loads((jar.parent / "config.json").read_bytes())
        return Package(artefact.name, jar.read_bytes(), artefact.struct, written)


def upload(nimbus: Nimbus, package: Package) -> str:
    """To Nimbus, where it stays for an hour; returns its place there."""
    with progress_bar("Upload", len(package.jar)) as advance:
        return nimbus.upload(package.jar, advance)


def start(nimbus: Nimbus, package: Package, location: str) -> str:
    """Submit what was uploaded; returns the topology's id."""
    tools: Any = importlib.import_module("thriftpy2.utils")
    protocols: Any = importlib.import_module("thriftpy2.protocol")
    struct = tools.deserialize(nimbus.types.StormTopology(), package.struct, protocols.TBinaryProtocolFactory())
    options = nimbus.types.SubmitOptions(initial_status=nimbus.types.TopologyInitialStatus.ACTIVE)
    if "sferic.trusted" in package.config:
        key = b64encode(secrets.token_bytes(32)).decode()
        options.creds = nimbus.types.Credentials(creds={KEY: key})
    config = json.dumps(dict(package.config))
    nimbus.call("submitTopologyWithOpts", package.name, location, config, struct, options)
    return next(str(summary.id) for summary in nimbus.topologies() if summary.name == package.name)


def _check_free(name: str, nimbus: Nimbus) -> None:
    for summary in nimbus.topologies():
        if summary.name == name:
            raise NimbusError(
                f"a topology {name} is on {nimbus.address} already ({summary.status.lower()}). Give another --name, or "
                f"put this one in its place: sferic update; or first: sferic kill {name}"
            )


def check_size(package: Package, nimbus: Nimbus) -> None:
    """Nimbus drops a call that is larger than its buffer without a word."""
    room = int(json.loads(nimbus.call("getNimbusConf")).get("nimbus.thrift.max_buffer_size", 1 << 20))
    size = len(package.struct) + len(json.dumps(dict(package.config))) + 1024
    if size > room:
        raise NimbusError(
            f"the topology's description has {size:,} bytes, Nimbus at {nimbus.address} takes {room:,}. Fuse PEs into "
            "partitions, or raise nimbus.thrift.max_buffer_size on the cluster"
        )


@contextlib.contextmanager
def progress_bar(what: str, total: int) -> Generator[Callable[[int], None]]:
    """A bar on a terminal, on stderr."""
    from rich.console import Console  # noqa: PLC0415 - its import takes a while
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn  # noqa: PLC0415

    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with Progress(TextColumn(what), BarColumn(), DownloadColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)

"""Takes a compiled topology to Nimbus."""

import contextlib
import importlib
import json
import secrets
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import sferic.runtime
from sferic.cluster.nimbus import Nimbus, NimbusError
from sferic.cluster.shim import shim_jar
from sferic.compiler.rebuild import rebuild
from sferic.compiler.targets.storm import StormArtefact, worker_files, write_artefact

KEY = "sferic.key"  # the credential: Storm keeps these out of configurations and logs
_HANG = 600  # seconds without progress after which a process of a topology is replaced


def submit(artefact: StormArtefact, root: Path, nimbus: Nimbus, version: str, *, workers: int = 1) -> str:
    """Upload and submit; returns the topology's id. Raises NimbusError, and WrongInput where files are missing."""
    nimbus.check_version()
    topology = _free(artefact, nimbus)
    runtime = Path(sferic.runtime.__file__).parent
    rebuild(artefact.plan.definition, root, worker_files(artefact, runtime))
    config = {**artefact.config, "sferic.hang.seconds": _HANG, "topology.workers": workers}
    _check_size(artefact, config, nimbus)
    with tempfile.TemporaryDirectory(prefix="sferic-") as folder:
        whole = replace(artefact, config=config)
        jar = write_artefact(whole, Path(folder) / "artefact", shim=shim_jar(), runtime=runtime, version=version)
        data = jar.read_bytes()
    with _progress(len(data)) as advance:
        location = nimbus.upload(data, advance)
    options = nimbus.types.SubmitOptions(initial_status=nimbus.types.TopologyInitialStatus.ACTIVE)
    if "sferic.trusted" in config:
        key = b64encode(secrets.token_bytes(32)).decode()
        options.creds = nimbus.types.Credentials(creds={KEY: key})
    nimbus.call("submitTopologyWithOpts", artefact.name, location, json.dumps(config), topology, options)
    return next(summary.id for summary in nimbus.call("getClusterInfo").topologies if summary.name == artefact.name)


def _free(artefact: StormArtefact, nimbus: Nimbus) -> Any:
    """The Thrift struct, if the name is free."""
    for summary in nimbus.call("getClusterInfo").topologies:
        if summary.name == artefact.name:
            raise NimbusError(
                f"a topology {artefact.name} is on {nimbus.address} already ({summary.status.lower()}). Give another "
                f"--name, or first: sferic kill {artefact.name}"
            )
    tools: Any = importlib.import_module("thriftpy2.utils")
    protocols: Any = importlib.import_module("thriftpy2.protocol")
    return tools.deserialize(nimbus.types.StormTopology(), artefact.struct, protocols.TBinaryProtocolFactory())


def _check_size(artefact: StormArtefact, config: dict[str, Any], nimbus: Nimbus) -> None:
    """Nimbus drops a call that is larger than its buffer without a word."""
    room = int(json.loads(nimbus.call("getNimbusConf")).get("nimbus.thrift.max_buffer_size", 1 << 20))
    size = len(artefact.struct) + len(json.dumps(config)) + 1024
    if size > room:
        raise NimbusError(
            f"the topology's description has {size:,} bytes, Nimbus at {nimbus.address} takes {room:,}. Fuse PEs into "
            "partitions, or raise nimbus.thrift.max_buffer_size on the cluster"
        )


@contextlib.contextmanager
def _progress(total: int) -> Generator[Callable[[int], None]]:
    """A bar on a terminal, on stderr."""
    from rich.console import Console  # noqa: PLC0415 - its import takes a while
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn  # noqa: PLC0415

    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with Progress(TextColumn("Upload"), BarColumn(), DownloadColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("upload", total=total)
        yield lambda count: bar.advance(task, count)

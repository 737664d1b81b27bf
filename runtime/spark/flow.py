"""What a job runs: a plan, and where its files are. Imported before the packages that travel with it can be."""

import contextlib
import functools
import hashlib
import importlib
import os
import platform
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sferic.runtime.plan import Plan, plan_from_json
from sferic.runtime.spark.records import Record
from sferic.runtime.spark.workers import settle

FILES, PLAN, PYTHON = "files", "plan.json", "python"  # in flow.zip
PACKAGES = "packages"  # as Spark unpacks packages.zip


class NoFlow(RuntimeError):  # noqa: N818 - says what happened
    """A job without the archives that it needs; the text says what to do."""


@dataclass(frozen=True)
class Flow:
    """A plan, and the folder of its files: `root` where every machine has it, else flow.zip, which travels."""

    plan_text: str
    root: str | None = None

    @cached_property
    def plan(self) -> Plan:
        """The plan, read."""
        return plan_from_json(self.plan_text)

    def here(self) -> Path:
        """The folder of the workflow's files on this machine; makes importable what came along."""
        if self.root is not None:
            return Path(self.root)
        folder = _unpacked(_archive())
        packages = str(_packages())
        if packages not in sys.path:
            sys.path.append(packages)  # behind what is installed: compiled packages fit one Python only
            _check_packages(folder)
        return folder / FILES

    def import_definition(self) -> None:
        """Import what the definition imports: results may be of classes in it. Raises LoadingError."""
        root = self.here()
        from sferic.runtime.worker import definition_of_plan  # noqa: PLC0415 - needs packages that came along

        definition_of_plan(self.plan, root)

    @staticmethod
    def travelling() -> "Flow":
        """The flow in the archive that this runtime was imported from."""
        with zipfile.ZipFile(_archive()) as archive:
            return Flow(archive.read(PLAN).decode())


@dataclass(frozen=True, slots=True)
class Orders:
    """What every task of an attempt is told. `stop`: a file that ends sources, where driver and tasks share a disk."""

    flow: Flow
    attempt: int
    key: bytes
    stop: str = ""

    def instance(self, stage: str) -> Callable[[int, Iterable[Any]], Iterator[Record]]:
        """For `mapPartitionsWithIndex`: partition r is the stage's instance of rank r; records in, records out."""

        def run(rank: int, arrived: Iterable[tuple[Any, bytes]]) -> Iterator[Record]:
            root = self.flow.here()
            from sferic.runtime.spark.task import run_instance  # noqa: PLC0415 - needs packages that came along

            settle()
            return run_instance(self, root, stage, rank, arrived)

        return run


def _check_packages(folder: Path) -> None:
    try:
        importlib.import_module("ormsgpack")
    except ImportError as error:
        here = ".".join(platform.python_version_tuple()[:2])
        theirs = (folder / PYTHON).read_text()
        raise NoFlow(
            f"{error}: packages.zip has compiled packages for Python {theirs}, this is Python {here} on "
            f"{platform.machine()}. Set PYSPARK_PYTHON to one of that version, or compile with --pack, "
            f"--python-version {here} and --platform"
        ) from error


def _archive() -> Path:
    archive = Path(__file__).parents[3]
    if not archive.is_file():
        raise NoFlow(
            f"this job's runtime was imported from {archive}, not from its flow.zip. Give spark-submit: "
            "--py-files flow.zip"
        )
    return archive


def _packages() -> Path:
    """Where Spark has unpacked the compiled packages."""
    from pyspark import SparkContext, SparkFiles  # noqa: PLC0415 - a flow with a root needs none

    folder = Path(SparkFiles.get(PACKAGES))
    if folder.is_dir():
        return folder
    sc: Any = SparkContext._active_spark_context  # pyright: ignore[reportPrivateUsage] - None in a task
    if sc is not None and sc.master == "yarn":  # which unpacks nothing for a driver that is not in a container
        beside = _archive().with_name(f"{PACKAGES}.zip")
        if beside.is_file():
            return _unpacked(beside)
        if (Path.cwd() / PACKAGES).is_dir():  # of a driver's container
            return Path.cwd() / PACKAGES
    raise NoFlow(
        "this job's compiled packages are not here. Give spark-submit: --archives packages.zip#packages (beside "
        "--py-files flow.zip)"
    )


def _unpacked(archive: Path) -> Path:
    """Once an application and machine: everybody else finds it there."""
    from pyspark import SparkFiles  # noqa: PLC0415 - a flow with a root needs none

    folder = Path(SparkFiles.getRootDirectory()) / f"flow-{_digest(archive)}"
    if not folder.is_dir():
        part = tempfile.mkdtemp(prefix="flow-", dir=folder.parent)
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(part)
        with contextlib.suppress(OSError):  # another task was first
            os.rename(part, folder)  # noqa: PTH104 - Path.rename takes a folder's place silently
    return folder


@functools.cache  # workers are used again
def _digest(archive: Path) -> str:
    return hashlib.sha256(archive.read_bytes()).hexdigest()[:16]

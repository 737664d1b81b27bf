"""Storm's jars: fetched once into the user's cache, checked against the hashes pinned here."""

import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import sys
import threading
import urllib.request
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sferic.cluster.cache import cache_folder
from sferic.cluster.errors import OperationError

STORM_VERSION = "2.8.3"
COMPILER_VERSION = "3.36.0"
PINS = "storm-jars.json"
COMPILER = "ecj-"  # the Eclipse compiler's jar: wanted only where there is no javac
_BLOCK = 1 << 18
_AT_ONCE = 4
_TRIES = 3
_PART = ".part"

Progress = Callable[[int], None]  # is told the bytes that came in; fewer than none when they were of no use


class JarsMissing(OperationError):  # noqa: N818 - names the situation
    """Jars could not be fetched; the text says which, from where, and what to do."""


class _GivenUp(Exception):  # noqa: N818 - ends the other downloads when one has failed
    pass


@dataclass(frozen=True, slots=True)
class Pin:
    """A jar as it has to be. `path` is its place in a Maven repository."""

    path: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.rpartition("/")[2]


def pinned(path: Path = Path(__file__).parent / PINS) -> list[Pin]:
    """Every jar of a list; without `path` those that this version may fetch."""
    entries = json.loads(path.read_text())
    return [Pin(entry["path"], entry["sha256"], entry["size"]) for entry in entries]


def storm_jars() -> list[Path]:
    """Storm's class path: fetched first where it is not in the cache yet."""
    return fetch([pin for pin in pinned() if not pin.name.startswith(COMPILER)])


def compiler_jar() -> Path:
    """The Eclipse compiler, for machines without a JDK."""
    return fetch([pin for pin in pinned() if pin.name.startswith(COMPILER)])[0]


def missing(folder: Path | None = None) -> list[Pin]:
    """The jars of Storm that are not in the cache, or not whole."""
    folder = folder or cache_folder("jars")
    return [pin for pin in pinned() if not pin.name.startswith(COMPILER) and not _whole(pin, folder / pin.name)]


def repository() -> str:
    """Where jars come from: $SFERIC_MAVEN (a mirror), else the address that the library jgo knows."""
    given = os.environ.get("SFERIC_MAVEN")
    if given:
        return given.rstrip("/")
    try:
        from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415 - only a first use needs it
    except ImportError as error:
        raise JarsMissing(
            "Storm's jars are not in the cache, and the package that knows where to get them is not installed. "
            "Do: pip install 'sferic[storm]', or set SFERIC_MAVEN to a mirror"
        ) from error
    return str(MAVEN_CENTRAL_URL).rstrip("/")


def fetch(pins: Sequence[Pin], folder: Path | None = None) -> list[Path]:
    """The files of `pins`, in order; those that are missing or broken are fetched, with a progress bar."""
    folder = folder or cache_folder("jars")
    wanted = [pin for pin in pins if not _whole(pin, folder / pin.name)]
    if wanted:
        with _locked(folder):
            wanted = [pin for pin in wanted if not _whole(pin, folder / pin.name)]
            _fetch_all(wanted, folder)
    return [folder / pin.name for pin in pins]


def _whole(pin: Pin, path: Path) -> bool:
    """Is the file there as pinned? Its hash is taken once, and again when size or time change."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    if found.st_size != pin.size:
        return False
    stamp = path.with_name(f"{path.name}.checked")
    mark = f"{pin.sha256} {found.st_mtime_ns}"
    if stamp.is_file() and stamp.read_text() == mark:
        return True
    if hashlib.sha256(path.read_bytes()).hexdigest() != pin.sha256:
        return False
    with contextlib.suppress(PermissionError):  # a cache shared for reading: its hashes are taken at each start
        stamp.write_text(mark)
    return True


@contextlib.contextmanager
def _locked(folder: Path) -> Generator[None]:
    """One process at a time fetches into `folder`; the others find all done when it is their turn."""
    try:
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise JarsMissing(
            f"Jars cannot be put into the cache: {error}. Set SFERIC_CACHE to a folder of yours"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another process that fetches the same files…", file=sys.stderr)  # noqa: T201
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch_all(pins: Sequence[Pin], folder: Path) -> None:
    """Only under the lock: nobody else has unfinished files in `folder`."""
    if not pins:
        return
    for left in folder.glob(f".*{_PART}"):
        left.unlink()
    base = repository()
    leave = threading.Event()
    with _progress(sum(pin.size for pin in pins)) as shown, ThreadPoolExecutor(_AT_ONCE) as pool:

        def advance(count: int) -> None:
            if leave.is_set():
                raise _GivenUp
            shown(count)

        try:
            for done in [pool.submit(_fetch_one, pin, base, folder, advance) for pin in pins]:
                done.result()
        except BaseException:
            leave.set()
            pool.shutdown(cancel_futures=True)
            raise


def _fetch_one(pin: Pin, base: str, folder: Path, advance: Progress) -> None:
    why = ""
    for _ in range(_TRIES):
        part = folder / f".{pin.name}{_PART}"
        try:
            digest, size = _download(f"{base}/{pin.path}", part, pin.size, advance)
            if digest == pin.sha256:
                part.replace(folder / pin.name)
                return
            advance(-size)
            why = f"what arrived is not the pinned file (sha256 {digest} in place of {pin.sha256})"
            if size != pin.size:
                why = f"the connection gave {size:,} of {pin.size:,} bytes"
        except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: an address that is none
            why = str(error)
        finally:
            part.unlink(missing_ok=True)
    raise JarsMissing(
        f"{pin.path} could not be fetched from {base}: {why}. Check the network, or set SFERIC_MAVEN to a mirror "
        f"that this machine reaches; or copy the file to {folder / pin.name}"
    )


def _download(url: str, part: Path, most: int, advance: Progress) -> tuple[str, int]:
    """(sha256, bytes) of what was written to `part`; no more than a block above `most`."""
    digest = hashlib.sha256()
    size = 0
    with part.open("wb") as out, urllib.request.urlopen(url, timeout=60) as response:  # noqa: S310 - a mirror may be a file
        # read1: what has come, at once; a wait for a whole block could not be broken off.
        while size <= most and (block := response.read1(_BLOCK)):
            out.write(block)
            digest.update(block)
            size += len(block)
            advance(len(block))
    return digest.hexdigest(), size


@contextlib.contextmanager
def _progress(total: int) -> Generator[Progress]:
    """A bar on a terminal, two lines elsewhere; both on stderr."""
    from rich.console import Console  # noqa: PLC0415 - only a first use needs it
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn  # noqa: PLC0415

    console = Console(stderr=True)
    if not console.is_terminal:
        print(f"Fetching jars for Apache Storm {STORM_VERSION} ({total / 1e6:.1f} MB), once…", file=sys.stderr)  # noqa: T201
        yield lambda _: None
        print("They are in the cache.", file=sys.stderr)  # noqa: T201
        return
    columns = (
        TextColumn(f"Jars for Apache Storm {STORM_VERSION}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("fetch", total=total)
        yield lambda count: bar.advance(task, count)

"""The folder in which a stream job leaves what it needs to go on after its driver's death, on any file system that
Spark knows."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError  # pyright: ignore[reportMissingTypeStubs]
from pyspark import SparkContext

STOP = "stop"
_LEAD, _END = "superstep-", ".json"
_TRIED = ".tried"


@dataclass(frozen=True, slots=True)
class Mark:
    """The last superstep that is kept whole.

    `state`: where its instances are; `key`: of the trusted codec, base64; `written`: what the observer had written and
    counted then (`Files`); `ended`: no instance goes on from here, and `tokens` has where sources were, by stage and
    rank.
    """

    sferic: str
    plan: str
    run: str
    attempt: int
    key: str
    step: int
    state: str
    written: dict[str, Any] = field(default_factory=dict[str, Any])
    ended: bool = False
    tokens: dict[str, str] = field(default_factory=dict[str, str])


class NoCheckpoint(RuntimeError):  # noqa: N818 - says what happened
    """A folder that cannot be made or written to; the text says what to do."""


class Checkpoint:
    """Marks are written one after the other, each a file that is there wholly or not at all; the last one counts."""

    def __init__(self, sc: SparkContext, folder: str) -> None:
        """Make the folder, if it is not there. Raises NoCheckpoint."""
        self._jvm: Any = sc._jvm  # pyright: ignore[reportPrivateUsage] - Hadoop's file systems have no other way
        jsc: Any = sc._jsc  # pyright: ignore[reportPrivateUsage]
        self._path: Any = self._jvm.org.apache.hadoop.fs.Path  # each dot asks the JVM
        self.folder = folder
        try:
            self._folder = self._path(folder)
            self._fs = self._folder.getFileSystem(jsc.hadoopConfiguration())
            where = self._fs.makeQualified(self._folder).toUri()
            self._here = Path(where.getPath()) if where.getScheme() == "file" else None
            if not self._fs.exists(self._folder):
                self._fs.mkdirs(self._folder, self._permission("700"))
            self.put(_TRIED, "")
            self.remove(_TRIED)
        except (OSError, Py4JError) as error:
            why = str(getattr(error, "java_exception", error)).splitlines()[0]
            raise NoCheckpoint(
                f"the checkpoint's folder {folder} cannot be written to ({why}). Name another one with --checkpoint"
            ) from error

    @property
    def path(self) -> str:
        """With its scheme."""
        return str(self._fs.makeQualified(self._folder).toString())

    def make(self, name: str) -> str:
        """An empty folder in it."""
        path = self._at(name)
        self._fs.mkdirs(path)
        return str(self._fs.makeQualified(path).toString())

    def last(self) -> Mark | None:
        """Where to go on, if anywhere."""
        marks = self._marks()
        if not marks:
            return None
        return self._read(marks[-1])

    def write(self, mark: Mark) -> None:
        """From here on this one counts."""
        name = f"{_LEAD}{mark.attempt:02}-{mark.step:012}{'-end' * mark.ended}{_END}"
        part = f".{name}.part"
        self.put(part, json.dumps(asdict(mark)))
        if not self._fs.rename(self._at(part), self._at(name)):
            raise OSError(f"{self.path}: {name} cannot be written")
        here = mark.state.rpartition("/")[0]
        for older in self._marks():
            if older < name:
                state = self._read(older).state
                self._fs.delete(self._at(older), False)
                folder = state.rpartition("/")[0]  # a driver has one for all its supersteps
                if state and state != mark.state:
                    self._delete(state if folder == here else folder)

    @property
    def stop_requested(self) -> bool:
        """Did anybody make a file named `stop` in it?"""
        return bool(self._fs.exists(self._at(STOP)))

    def forget_stop(self) -> None:
        """It was asked of a run before this one."""
        self.remove(STOP)

    def put(self, name: str, text: str) -> None:
        """A file that nobody but the owner reads: marks have the key."""
        if self._here is not None:  # Hadoop would start four processes of chmod for it
            (self._here / f".{name}.crc").unlink(missing_ok=True)
            with open(self._here / name, "w", opener=_private) as file:
                file.write(text)
            return
        at = self._at(name)
        stream = self._fs.create(at, True)
        self._fs.setPermission(at, self._permission("600"))
        stream.write(text.encode())
        stream.close()

    def _permission(self, octal: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.permission.FsPermission(octal)

    def read(self, name: str) -> str | None:
        """None where it is not there."""
        if not self._fs.exists(self._at(name)):
            return None
        stream = self._fs.open(self._at(name))
        try:
            return str(self._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
        finally:
            stream.close()

    def remove(self, name: str) -> None:
        """If it is there."""
        self._fs.delete(self._at(name), False)

    def _read(self, name: str) -> Mark:
        return Mark(**json.loads(self.read(name) or ""))

    def _delete(self, path: str) -> None:
        self._fs.delete(self._path(path), True)

    def _at(self, name: str) -> Any:
        return self._path(self._folder, name)

    def _marks(self) -> list[str]:
        names = (str(status.getPath().getName()) for status in self._fs.listStatus(self._folder))
        return sorted(name for name in names if name.startswith(_LEAD) and name.endswith(_END))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)

"""Sources that come with the product: lines of files, a folder that is watched, lines from a socket."""

import glob
import os
import socket
import time
import zlib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from sferic.runtime.pe import ProducerPE

_CONNECT = 10.0  # seconds for a connection to be made
_LOOK = 0.1  # seconds between looks at whether to stop
_BOM = b"\xef\xbb\xbf"
_PARTIAL = (".part", ".tmp", ".partial", ".crdownload")  # names that writers give to files that are not whole yet


class Lines(ProducerPE):
    """The lines of a file, or of all files that match a pattern, without their line ends.

    `path` may hold ``*``, ``?``, ``[…]`` and ``**``; files come in the order of their paths. A relative path counts
    from where the command was started. With several instances (`numprocesses`) each file belongs to one of them.
    Positions are ``[path, byte]``. Raises FileNotFoundError if nothing is there, and UnicodeError naming the file.
    """

    splits = True

    def __init__(self, path: str | os.PathLike[str], *, encoding: str = "utf-8", errors: str = "strict") -> None:
        super().__init__()
        if "\n".encode(encoding) != b"\n":
            raise ValueError(f"Lines reads encodings in which a line ends with the byte 10; {encoding} is none")
        self.path = os.fspath(path)
        self.encoding = encoding
        self.errors = errors

    def read(self, position: Any) -> Iterator[tuple[Any, Any]]:
        """Yield ``(line, [path, byte after it])``."""
        last, offset = position or ("", 0)
        files = self._files()
        if position:
            self._check(last, offset, files)
        for path in files:
            if path >= last and _falls_to(path, self):
                for line, after in self._lines(path, offset if path == last else 0):
                    yield line, [path, after]

    def _files(self) -> list[str]:
        if Path(self.path).is_file():  # a name may hold brackets and stars itself
            return [self.path]
        found = sorted(path for path in glob.glob(self.path, recursive=True) if Path(path).is_file())  # noqa: PTH207 - patterns may be absolute
        if not found:
            raise FileNotFoundError(f"no file matches {self.path!r} in {Path.cwd()}")
        return found

    def _check(self, last: str, offset: int, files: list[str]) -> None:
        """Refuse a position of other files: all that come before it would be passed over without a word."""
        if last in files:
            size = Path(last).stat().st_size
            if size < offset:
                raise ValueError(f"{last} has {size:,} bytes, and {offset:,} of them were read: it is another file now")
        elif not (fnmatch(last, self.path) or fnmatch(last, self.path.replace("**/", ""))):
            raise ValueError(f"it reads {self.path} now, and had read {last}")

    def _lines(self, path: str, offset: int) -> Iterator[tuple[str, int]]:
        with Path(path).open("rb") as file:
            file.seek(offset)
            for line in file:
                start, offset = offset, offset + len(line)
                if start == 0 and self.encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
                    line = line.removeprefix(_BOM)  # noqa: PLW2901 - the same line, cleaned
                line = line.removesuffix(b"\n").removesuffix(b"\r")  # noqa: PLW2901
                try:
                    yield line.decode(self.encoding, self.errors), offset
                except UnicodeDecodeError as error:
                    where = f"{path}: byte {start + error.start} is not {self.encoding} ({error.reason})"
                    raise UnicodeError(f"{where}; give Lines its encoding, or errors='replace'") from error


class WatchedFolder(ProducerPE):
    """Paths of the files in a folder: those that are there, then each that comes or changes.

    A file is taken once it has been left alone for `settle` seconds (compared with this machine's clock); hidden ones
    and those named as unfinished (``.part``, ``.tmp`` …) are not. With ``endless=False`` the source gives what is
    there and ends. Positions are ``[time of the last change in ns, name, folder]``: a file that changes comes again.
    """

    splits = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        pattern: str = "*",
        *,
        endless: bool = True,
        settle: float = 1.0,
        poll: float = 0.5,
    ) -> None:
        super().__init__()
        if not (settle > 0 and poll > 0):
            raise ValueError("settle and poll are numbers of seconds above 0")
        self.path = os.fspath(path)
        self.pattern = pattern
        self.endless = endless
        self.settle = settle
        self.poll = poll

    def read(self, position: Any) -> Iterator[tuple[Any, Any]]:
        """Yield ``(path, [time, name, folder])``, the oldest change first."""
        if not Path(self.path).is_dir():
            raise NotADirectoryError(f"there is no folder {self.path!r} in {Path.cwd()}")
        given: tuple[int, str, str] = tuple(position) if position else (-1, "", self.path)
        last, before = given[:2], given[2]
        if before != self.path:
            raise ValueError(f"it watches {self.path} now, and had watched {before}")
        while True:
            for change in self._changed(last):
                last = change
                if _falls_to(change[1], self):
                    yield str(Path(self.path) / change[1]), [*change, self.path]
            if not self.endless:
                return
            self.wait(self.poll)

    def _changed(self, last: tuple[int, str]) -> Iterable[tuple[int, str]]:
        # The inode's change time: a rename into the folder sets it, and copying tools cannot set it back, so that
        # nothing comes behind a position that was given already.
        until = time.time_ns() - int(self.settle * 1e9)
        changes: list[tuple[int, str]] = []
        with os.scandir(self.path) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith(".") or name.endswith(_PARTIAL) or not fnmatch(name, self.pattern):
                    continue
                try:
                    change = (entry.stat().st_ctime_ns, name)
                except FileNotFoundError:
                    continue  # moved on while we looked
                if entry.is_file() and change > last and (change[0] <= until or not self.endless):
                    changes.append(change)
        return sorted(changes)


class SocketLines(ProducerPE):
    """Lines of text that a server sends, without their line ends: connects to `host`:`port` and reads.

    Ends when the server closes the connection. With `reconnect`, a number of seconds, it connects again after so long
    instead, and goes on trying where nobody listens. A socket cannot be read again: lines that were received and not
    yet processed when a process dies are lost. Raises OSError naming host and port, UnicodeError and, for a line of
    more than `longest` bytes, ValueError.
    """

    endless = True

    def __init__(
        self,
        host: str,
        port: int,
        *,
        reconnect: float | None = None,
        encoding: str = "utf-8",
        errors: str = "strict",
        longest: int = 1 << 20,
    ) -> None:
        super().__init__()
        if "\n".encode(encoding) != b"\n":
            raise ValueError(f"SocketLines reads encodings in which a line ends with the byte 10; {encoding} is none")
        if reconnect is not None and not reconnect > 0:
            raise ValueError("reconnect is a number of seconds above 0, or None")
        self.host = host
        self.port = port
        self.reconnect = reconnect
        self.encoding = encoding
        self.errors = errors
        self.longest = longest

    def _process(self, inputs: Any) -> Iterator[str]:
        while True:
            try:
                yield from self._connection()
            except OSError as error:
                if self.reconnect is None:
                    raise OSError(f"{self._where}: {error}") from error
                self.log(f"{self._where}: {error}; connecting again in {self.reconnect:g} s")
            if self.reconnect is None:
                return
            self.wait(self.reconnect)

    @property
    def _where(self) -> str:
        return f"{self.host}:{self.port}"

    def _connection(self) -> Iterator[str]:
        rest = b""
        with socket.create_connection((self.host, self.port), _CONNECT) as connection:
            while data := self._receive(connection):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    yield self._text(line)
                self._check(rest)
        if rest:
            yield self._text(rest)

    def _receive(self, connection: socket.socket) -> bytes:
        connection.settimeout(_LOOK)
        while True:
            try:
                return connection.recv(1 << 16)
            except TimeoutError:
                self.wait(0)  # a stop is seen

    def _check(self, line: bytes) -> None:
        if len(line) > self.longest:
            raise ValueError(f"{self._where}: a line of more than {self.longest:,} bytes; give SocketLines `longest`")

    def _text(self, line: bytes) -> str:
        self._check(line)
        try:
            return line.removesuffix(b"\r").decode(self.encoding, self.errors)
        except UnicodeDecodeError as error:
            where = f"{self._where}: byte {error.start} of a line is not {self.encoding} ({error.reason})"
            raise UnicodeError(f"{where}; give SocketLines its encoding, or errors='replace'") from error


def _falls_to(name: str, source: ProducerPE) -> bool:
    """Does this file belong to this instance? The same answer on every machine, whatever other files there are."""
    instances = source.numprocesses or 1
    return instances == 1 or zlib.crc32(os.fsencode(name)) % instances == source.rank

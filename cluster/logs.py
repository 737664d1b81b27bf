"""What workers of a topology have logged: entries of their files, here or from a logviewer."""

import http.client
import json
import os
import re
import urllib.parse
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from sferic.cluster.nimbus import Address, Nimbus, NimbusError, open_socket
from sferic.cluster.topologies import Found

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR")
_ANSWER = 30.0  # seconds that a logviewer may take
_ENTRY = re.compile(r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.,]\d{3}\S*) (.*)")
_LEVEL = "|".join((*LEVELS, "FATAL"))
# As the cluster of this machine writes the rest, and as Storm's own worker.xml does.
_PATTERNS = (
    re.compile(rf"(?P<level>{_LEVEL}) +(?P<logger>\S+) \[.*?\] (?P<text>.*)"),
    re.compile(rf"(?P<logger>\S+) .*?\[(?P<level>{_LEVEL}) *\] (?P<text>.*)"),
)
_OURS = ("s.p.", "sferic.pe.")
_SPEAKER = re.compile(r"(?P<pe>.+?)\[(?P<rank>\d+)\] (?P<text>.*)")


@dataclass
class Entry:
    """One entry of a worker's log. What its layout does not tell is empty or None."""

    lines: list[str]
    time: str = ""
    level: str = ""
    pe: str | None = None
    rank: int | None = None
    text: str = field(default="", repr=False)

    def __str__(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are to be shown."""

    pe: str | None = None  # path of a PE, or of a composite
    rank: int | None = None
    level: str = "TRACE"  # and above

    def __contains__(self, entry: Entry) -> bool:
        if self.pe is not None and entry.pe != self.pe and not (entry.pe or "").startswith(f"{self.pe}/"):
            return False
        if self.rank is not None and entry.rank != self.rank:
            return False
        level = "ERROR" if entry.level == "FATAL" else entry.level
        return level not in LEVELS or LEVELS.index(level) >= LEVELS.index(self.level)


def read_entry(line: str) -> Entry | None:
    """The entry that begins with this line; None where it goes on with the one before."""
    found = _ENTRY.fullmatch(line)
    if found is None:
        return None
    for pattern in _PATTERNS:
        rest = pattern.fullmatch(found[2])
        if rest is not None:
            speaker = _SPEAKER.fullmatch(rest["text"]) if rest["logger"].startswith(_OURS) else None
            if speaker is not None:
                return Entry([line], found[1], rest["level"], speaker["pe"], int(speaker["rank"]), speaker["text"])
            return Entry([line], found[1], rest["level"], text=rest["text"])
    return Entry([line], found[1], text=found[2])


class Entries:
    """Makes entries of a log's lines as they come."""

    def __init__(self) -> None:
        self._open: Entry | None = None

    def take(self, line: str) -> Entry | None:
        """The entry that ends before this line."""
        begun = read_entry(line)
        if begun is None and self._open is not None:
            self._open.lines.append(line)
            self._open.text += f"\n{line.removeprefix('    ')}"
            return None
        return self._turn(begun or Entry([line], text=line))

    def end(self) -> Entry | None:
        """The last one."""
        return self._turn(None)

    def _turn(self, entry: Entry | None) -> Entry | None:
        done, self._open = self._open, entry
        return done


def last(lines: Iterable[str], wanted: Wanted, count: int) -> list[Entry]:
    """The last `count` entries that are wanted."""
    entries, kept = Entries(), deque[Entry](maxlen=count)
    for line in lines:
        kept.extend(entry for entry in (entries.take(line),) if entry is not None and entry in wanted)
    kept.extend(entry for entry in (entries.end(),) if entry is not None and entry in wanted)
    return list(kept)


class NoLogsHere(NimbusError):  # noqa: N818 - names the situation
    """The files are on other machines; the text says where."""


def folder_of(found: Found, logs: Path) -> Path:
    """Where this machine has the logs of a topology's workers, a folder each. Raises NoLogsHere."""
    folder = logs / "workers-artifacts" / found.id
    if not folder.is_dir():
        raise NoLogsHere(
            f"{found.id} has no logs on this machine (looked in {folder.parent}). They are on the machines of its "
            f"workers, in workers-artifacts/{found.id}/PORT/worker.log below Storm's logs; sferic status {found.name} "
            "names them"
        )
    return folder


def from_files(folder: Path) -> Iterator[tuple[str, Iterator[str]]]:
    """(port, lines) of every worker."""
    for log in sorted(folder.glob("*/worker.log")):
        with log.open(errors="replace") as lines:
            yield log.parent.name, (line.rstrip("\n") for line in lines)


class Follower:
    """Gives what comes to the files of a folder, files that come later included."""

    def __init__(self, folder: Path, pattern: str = "*/worker.log") -> None:
        """`pattern`: of the files; each is called as the folder that it is in."""
        self._folder = folder
        self._pattern = pattern
        self._open: dict[Path, tuple[BinaryIO, Entries, bytes]] = {}

    def begin(self, wanted: Wanted, count: int) -> Iterator[tuple[str, Entry]]:
        """The last `count` entries of each, and where to go on."""
        for log in sorted(self._folder.glob(self._pattern)):
            found = deque((entry for _, entry in self._read(log) if entry in wanted), maxlen=count)
            yield from ((log.parent.name, entry) for entry in found)

    def more(self, wanted: Wanted) -> Iterator[tuple[str, Entry]]:
        """(port, entry) of what came since."""
        for log in sorted(self._folder.glob(self._pattern)):
            yield from (pair for pair in self._read(log) if pair[1] in wanted)

    def _read(self, log: Path) -> Iterator[tuple[str, Entry]]:
        if log in self._open and self._rolled(log):
            yield from self._rest(log)
            self._open.pop(log)[0].close()
        if log not in self._open:
            self._open[log] = (log.open("rb"), Entries(), b"")
        yield from self._rest(log)

    def _rolled(self, log: Path) -> bool:
        """Is it another file by now?"""
        file = self._open[log][0]
        try:
            return not os.path.samestat(log.stat(), os.fstat(file.fileno())) or log.stat().st_size < file.tell()
        except OSError:
            return False

    def _rest(self, log: Path) -> Iterator[tuple[str, Entry]]:
        file, entries, before = self._open[log]
        *lines, rest = (before + file.read()).split(b"\n")
        self._open[log] = (file, entries, rest)
        told = [entries.take(line.decode(errors="replace")) for line in lines]
        # What is there without more behind it is whole: log4j writes an entry at once.
        told.append(None if rest else entries.end())
        yield from ((log.parent.name, entry) for entry in told if entry is not None)


def from_logviewer(nimbus: Nimbus, found: Found, given: tuple[str, int] | None) -> Iterator[tuple[str, Iterator[str]]]:
    """(worker, lines) of every worker that runs, from the logviewers of their machines, or from the one at `given`
    (host, port). Raises NimbusError where one does not answer."""
    port = int(json.loads(nimbus.call("getNimbusConf")).get("logviewer.port") or 8000)
    info = nimbus.call("getTopologyInfo", found.id)
    for host, worker in sorted({(str(one.host), int(one.port)) for one in info.executors}):
        # On the network that Nimbus is on, which a closed cluster has for itself.
        place = replace(nimbus.address, host=given[0] if given else host, port=given[1] if given else port)
        yield f"{host}:{worker}", _download(place, f"{found.id}/{worker}/worker.log")


def _download(place: Address, file: str) -> Iterator[str]:
    # Storm's logviewer: /api/v1/download gives a file as it is, named by topology, port and name.
    path = "/api/v1/download?" + urllib.parse.urlencode({"file": file})
    connection = http.client.HTTPConnection(place.host, place.port)
    try:
        connection.sock = open_socket(place)
        connection.sock.settimeout(_ANSWER)
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise NimbusError(f"the logviewer at {place} has no {file}: it answers {answer.status} {answer.reason}")
        for line in answer:
            yield line.decode(errors="replace").rstrip("\r\n")
    except (OSError, http.client.HTTPException) as error:
        raise NimbusError(
            f"no logviewer answers at http://{place}{path} ({error}). Start Storm's there (storm logviewer), name "
            f"another with --logviewer HOST:PORT, or read workers-artifacts/{file} below Storm's logs on that machine"
        ) from error
    finally:
        connection.close()

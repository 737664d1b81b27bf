"""A task of a stream job: each instance of its partition makes a superstep, in the process that holds it."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import FrameType
from typing import Any

from sferic.runtime.kin import runs
from sferic.runtime.local.child import Settings
from sferic.runtime.plan import RESULTS, Plan
from sferic.runtime.spark.keeper import Keeper, serve
from sferic.runtime.spark.kept import Answer, Ask, Kept, Pair, Place
from sferic.runtime.spark.records import EVENT, Record
from sferic.runtime.spark.task import open_sockets
from sferic.runtime.spark.tasks import Step

_ENDING = (signal.SIGHUP, signal.SIGTERM)  # by these the daemon of Spark's workers ends all in its group
_RUN_FOLDERS = f"sferic-{'[0-9a-f]' * 12}-[0-9]*"
_AHEAD = 128  # groups that a source may have sent before it is asked: slow ones send items one by one
_LONGEST = 104  # bytes of a socket's name; Linux has 108, others less
_SOCKET, _PLAN, _LOCK = "socket", "plan.json", "lock"


class Instances:
    """The instances of a partition: `run` in a task, `place` of each in the order of the plan."""

    def __init__(self, plan: Plan, run: str, attempt: int, key: bytes, root: Path) -> None:
        self._plan = plan
        self._attempt = attempt
        self._key = key
        self._root = root
        # The daemon of Spark's workers ends with its executor, and so shall the processes that hold instances.
        self._folder = run_folder(run, os.getppid())
        first = 0
        self._first: dict[str, Place] = {}
        for stage in plan.stages:
            self._first[stage.id] = first
            first += stage.instances
        self._senders = {
            stage.id: {link.from_stage for link in plan.links if link.to_stage == stage.id} for stage in plan.stages
        }
        self._links = {link.id: link for link in plan.links}

    def superstep(self, pairs: Iterable[Pair], step: Step) -> Iterator[Pair]:
        """What was kept and what has arrived for it come in; what is kept then goes out."""
        kept: dict[Place, Kept] = {}
        arrived: dict[Place, list[Record]] = {}
        for place, value in pairs:
            if isinstance(value, Kept):
                kept[place] = value
            else:
                arrived.setdefault(place, []).append(value)
        asked: dict[Connection[Any, Any], tuple[Place, Ask]] = {}
        for place, one in kept.items():
            if one.released:
                yield place, replace(one, step=step.number, out=(), told=())
            else:
                ask = self._ask(one, arrived.get(place, []), step)
                connection = self._connected(place, one)
                connection.send(ask)
                asked[connection] = (place, ask)
        while asked:
            for connection in wait(list(asked)):
                assert isinstance(connection, Connection)
                place, ask = asked[connection]
                answer: Answer | None = connection.recv()
                if answer is None:  # it has the instance at another version
                    connection.send(replace(kept[place], out=(), told=()))
                    continue
                del asked[connection]
                connection.close()
                yield place, self._after(kept[place], ask, answer)

    def _ask(self, kept: Kept, arrived: list[Record], step: Step) -> Ask:
        arrived.sort(key=lambda record: (record[2], record[3]))
        inputs = tuple(record[4] for record in arrived)
        senders = self._senders[kept.stage]
        finish = bool(senders) and senders <= step.done
        return Ask(
            step.number, kept.version, inputs, finish, step.stop, step.patience, step.most, release=kept.finished
        )

    def _after(self, kept: Kept, ask: Ask, answer: Answer) -> Kept:
        sender = (list(self._first).index(kept.stage), kept.rank)
        sent = kept.sent
        out: list[tuple[Place, Record]] = []
        told: list[Record] = []
        for event in answer.events:
            told.append((EVENT, 0, sender, 0, json.dumps(event).encode()))
        for number, bucket, batch in answer.emits:
            link = self._links[number]
            record = (number, bucket, sender, sent, batch)
            sent += 1
            if link.to_stage == RESULTS:
                told.append(record)
            else:
                out.append((self._first[link.to_stage] + bucket, record))
        finished = answer.finished
        return Kept(
            kept.stage,
            kept.rank,
            ask.step,
            answer.version,
            kept.state if answer.state is None else answer.state,
            kept.token if answer.token is None else answer.token,
            sent,
            finished,
            finished and (ask.release or not self._plan.stage(kept.stage).source),
            tuple(out),
            tuple(told),
            answer.seconds,
        )

    def _connected(self, place: Place, kept: Kept) -> "Connection[Any, Any]":
        """To the process that holds the instance; to a new one where there is none."""
        folder = self._folder / str(place)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (folder / _LOCK).open("w") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            with contextlib.suppress(OSError):
                return _connection(folder)
            self._start(kept, folder)
            return _connection(folder)

    def _start(self, kept: Kept, folder: Path) -> None:
        """Fork a process that holds the instance, no child of this one: it outlives it."""
        self._plan.write(folder / _PLAN)
        server = socket.socket(socket.AF_UNIX)
        (folder / _SOCKET).unlink(missing_ok=True)
        with _address(folder) as address:
            server.bind(address)
        server.listen()
        daemon = os.getppid()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            server.close()
            os.waitpid(pid, 0)
            return
        try:
            if os.fork() == 0:
                self._hold(kept, folder, server, daemon)
        except BaseException as error:  # noqa: BLE001 - whatever it was, this process must not go on as its parent
            sys.excepthook(type(error), error, error.__traceback__)
        finally:
            os._exit(0)

    def _hold(self, kept: Kept, folder: Path, server: socket.socket, daemon: int) -> None:
        for number in _ENDING:
            signal.signal(number, _leave)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for fd in open_sockets():
            if fd != server.fileno():
                os.close(fd)
        settings = Settings(folder / _PLAN, self._root, self._attempt, _AHEAD, self._key, keeps=True)
        fds = [server.fileno()]

        def needed() -> bool:
            return folder.exists() and runs(daemon)

        keeper = Keeper(self._plan, kept, settings, needed, fds)
        try:
            serve(server, keeper, needed, fds)
        except SystemExit:
            pass
        finally:
            keeper.close()
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                folder.parent.rmdir()


def run_folder(run: str, daemon: int) -> Path:
    """Where the sockets of a run's instances are, on this machine: short, as names of sockets have to be."""
    folder = Path(tempfile.gettempdir()) / f"sferic-{run}-{daemon}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        _remove_left(folder)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} is there already, and somebody else's")
    return folder


def _remove_left(folder: Path) -> None:
    """What others have left that were killed with all that they had started."""
    for each in folder.parent.glob(_RUN_FOLDERS):
        daemon = int(each.name.rpartition("-")[2])
        with contextlib.suppress(FileNotFoundError):  # another one was first
            if each.stat().st_uid == os.getuid() and not runs(daemon):
                shutil.rmtree(each, ignore_errors=True)


@contextlib.contextmanager
def _address(folder: Path) -> Generator[str]:
    """Of its socket: names of sockets are short, wherever temporary files are."""
    path = folder / _SOCKET
    if len(os.fsencode(path)) < _LONGEST or sys.platform != "linux":
        yield str(path)
        return
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{fd}/{_SOCKET}"
    finally:
        os.close(fd)


def _connection(folder: Path) -> "Connection[Any, Any]":
    plug = socket.socket(socket.AF_UNIX)
    try:
        with _address(folder) as address:
            plug.connect(address)
    except OSError:
        plug.close()
        raise
    return Connection(plug.detach())


def _leave(number: int, frame: FrameType | None) -> None:
    del number, frame
    for again in _ENDING:  # the daemon sends it twice, the second time while files are tidied away
        signal.signal(again, signal.SIG_IGN)
    raise SystemExit

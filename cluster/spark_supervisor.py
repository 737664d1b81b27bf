"""The process beside a Spark job's driver: starts spark-submit, keeps its log, lets it stop, and starts it again.

`python -m sferic.cluster.spark_supervisor FOLDER`, of a job (cluster/jobs.py). It ends when the job has ended by
itself, or when too many drivers in a row came to nothing.
"""

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from sferic.cluster.jobs import Asked, Course, Job, Status, before
from sferic.cluster.processes import know
from sferic.cluster.spark_install import LOOPBACK, spark_environment, spark_home
from sferic.compiler.targets.spark import packages_of
from sferic.logged import stamped
from sferic.runtime.kin import MARK, end_kin
from sferic.runtime.observe import FAILED, WRONG_INPUT, ending

LOG_BYTES, OLDER_LOGS = 20 << 20, 4
_TURN = 0.2  # seconds between two looks whether it is to stop
_LONGEST = 60.0  # seconds between two drivers
_MOST = 20  # drivers in a row that came to nothing
_STEADY = 60.0  # seconds after which a driver has come to something
_SIGNALS = 128
_BEGUN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,]\d{3} ")  # an entry of a log
_GOES_ON = re.compile(r"\s|Caused by: |[\w.$]+(?:Exception|Error)\b|\Z")  # a trace of Java's
_LOGGING = """\
status = error
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss.SSS} %p %c{1.} [%t] %m%n%ex
"""


class Log:
    """What drivers say, in files of a bounded size; a line that is no entry becomes one, of this moment."""

    def __init__(self, path: Path, most: int = LOG_BYTES) -> None:
        self._path = path
        self._most = most
        self._out = path.open("ab")
        self._rest = b""

    def take(self, data: bytes) -> None:
        """What was read, lines or not."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.decode(errors="replace"))
        self._out.flush()

    def end(self) -> None:
        """No more of this driver will come."""
        if self._rest:
            self.take(b"\n")

    def say(self, text: str) -> None:
        """What the supervisor itself has to say."""
        self.end()
        self.take(f"{stamped(text, 'INFO', 'sferic.supervisor')}\n".encode())

    def _line(self, line: str) -> None:
        if not _BEGUN.match(line) and not _GOES_ON.match(line):
            line = stamped(line, "INFO", "driver")
        self._out.write(line.encode() + b"\n")
        if self._out.tell() >= self._most:
            self._roll()

    def _roll(self) -> None:
        self._out.close()
        for number in range(OLDER_LOGS - 1, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                _older(self._path, number).replace(_older(self._path, number + 1))
        self._path.replace(_older(self._path, 1))
        self._out = self._path.open("ab")


def _older(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def command(job: Job, asked: Asked) -> list[str]:
    """What starts a driver."""
    conf = dict(asked.conf)
    logging = f'"-Dlog4j2.configurationFile={job.folder}/log4j2.properties"'
    conf["spark.driver.extraJavaOptions"] = f"{logging} {conf.get('spark.driver.extraJavaOptions', '')}".strip()

    def with_ours(key: str, path: Path | str) -> str:
        """An option takes the place of the setting: what was asked for stays in it."""
        return ",".join(filter(None, [str(path), conf.pop(key, "")]))

    submit = [str(spark_home() / "bin" / "spark-submit"), "--master", asked.master, "--name", asked.name]
    submit += ["--py-files", with_ours("spark.submit.pyFiles", job.artefact / "flow.zip")]
    submit += ["--archives", with_ours("spark.archives", packages_of(job.artefact))]
    for key, value in sorted(conf.items()):
        submit += ["--conf", f"{key}={value}"]
    submit += [str(job.artefact / "job.py"), "--entries"]
    submit += ["--results", str(job.results), "--dead-letters", str(job.letters), "--status", str(job.status_file)]
    if asked.mode == "batch":
        return [*submit, "--stop", str(job.folder / "stop-sources")]
    interval = [] if asked.interval is None else ["--interval", str(asked.interval)]
    return [*submit, "--checkpoint", asked.checkpoint or str(job.checkpoint), *interval]


def environment(asked: Asked) -> dict[str, str]:
    """Of a driver. The variables that choose an interpreter are those that were said, whatever this process has."""
    local = asked.master.startswith("local") or f"//{LOOPBACK}:" in asked.master or "//localhost:" in asked.master
    return spark_environment(loopback=local) | {"PYSPARK_PYTHON": asked.python, MARK: asked.mark}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a driver ended. `exit`: of its process, 128 + n by a signal; `status`: what it said of itself."""

    exit: int
    status: Status
    seconds: float

    @property
    def ran(self) -> bool:
        """Did it get so far that it ran?"""
        return "app" in self.status

    @property
    def own(self) -> bool:
        """Is it the end that it told of?"""
        return self.status.get("state") == "ended" and self.status.get("exit") == self.exit


class Supervisor:
    """One job's."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._asked = job.asked
        self._log = Log(job.log)
        self._course = Course(know(os.getpid()))
        self._in_vain = 0  # drivers in a row that came to nothing

    def run(self) -> None:
        """Until the job is over."""
        self._note()
        (self._job.folder / "log4j2.properties").write_text(_LOGGING)
        while not self._course.over:
            ended = self._drive()
            if not self._job.known:
                return  # somebody has removed its folder: what is to be done is known to nobody
            self._course = self._after(ended)
            self._note()
            self._rest()

    def _note(self) -> None:
        self._job.note(self._course)

    def _drive(self) -> Ended:
        """One driver, from its start to the end of all its processes."""
        job, began = self._job, time.monotonic()
        end_kin(self._asked.mark)
        with contextlib.suppress(FileNotFoundError):
            job.status_file.replace(before(job.status_file))
        (job.folder / "stop-sources").unlink(missing_ok=True)
        if self._asked.mode == "batch":
            job.letters.unlink(missing_ok=True)  # those of a driver that died come again
        child = subprocess.Popen(
            command(job, self._asked),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=job.folder,
            env=environment(self._asked),
            process_group=0,
        )
        assert child.stdout is not None
        self._course = replace(self._course, driver=know(child.pid))
        self._note()
        with child.stdout as said:
            self._attend(child, said)
        exit_status = child.returncode if child.returncode >= 0 else _SIGNALS - child.returncode
        return Ended(exit_status, _read(job.status_file), time.monotonic() - began)

    def _attend(self, child: "subprocess.Popen[bytes]", said: IO[bytes]) -> None:
        asked_to_stop = 0  # the process that was
        while child.poll() is None:
            if select.select([said], [], [], _TURN)[0]:
                data = os.read(said.fileno(), 1 << 16)
                self._log.take(data)
                if not data:  # it says no more, and has not ended
                    time.sleep(_TURN)
            if not self._job.known:
                end_kin(self._asked.mark)
            elif self._job.stop.exists():
                asked_to_stop = self._let_stop(asked_to_stop)
        end_kin(self._asked.mark)  # what is left of it holds the pipe
        self._log.take(said.read())
        self._log.end()

    def _let_stop(self, asked: int) -> int:
        """Once, when its handler is there."""
        status = _read(self._job.status_file)
        pid: int = status.get("pid", 0)
        if pid == asked or status.get("state") != "running" or not _marked(pid, self._asked.mark):
            return asked
        self._log.say("it is asked to stop")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        return pid

    def _after(self, ended: Ended) -> Course:
        """What follows from how a driver ended."""
        course = replace(self._course, driver=None)
        first = course.restarts == 0 and not course.why
        told = ended.own and (ended.ran or first or ended.exit == WRONG_INPUT)
        if told or (first and not ended.ran and ended.exit < _SIGNALS):
            return replace(course, over=True, exit=ended.exit, why="")
        why = f"its driver {ending(ended.exit)}" + ("" if ended.ran else " before it ran")
        self._in_vain = 1 if ended.ran and ended.seconds > _STEADY else self._in_vain + 1
        if self._asked.mode == "batch" and course.restarts:
            why = f"{why}, for the second time"
        elif self._in_vain >= _MOST:
            why = f"{why}, and so did {_MOST - 1} before it"
        else:
            self._log.say(f"{why}; it is started again")
            return replace(course, why=why, restarts=course.restarts + 1)
        self._log.say(f"{why}; it is given up")
        return replace(course, over=True, exit=FAILED, why=why)

    def _rest(self) -> None:
        """Before the next driver, unless somebody waits for the end."""
        until = time.monotonic() + _rest_of(self._in_vain)
        while not self._course.over and time.monotonic() < until and not self._job.stop.exists():
            time.sleep(_TURN)


def _rest_of(in_vain: int) -> float:
    """Seconds."""
    return min(_LONGEST, 2.0 ** (in_vain - 1))


def _marked(pid: int, mark: str) -> bool:
    """Is the process with this pid one of the job's?"""
    if sys.platform != "linux":
        return True
    try:
        return f"{MARK}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _read(path: Path) -> Status:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {}


def main() -> None:
    """Of the job whose folder is given."""
    folder = Path(sys.argv[1])
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    Supervisor(Job(folder.name, folder)).run()


if __name__ == "__main__":
    main()

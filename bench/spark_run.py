"""Runs jobs on a Spark in one JVM of two cores, ours and others', by spark-submit with the same settings."""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness import FOLDER
from processes import TreeCpu, marked
from storm_run import RunFailed

WORKFLOWS, PEERS = FOLDER / "workflows", FOLDER / "peers"
SETTINGS = (
    "spark.ui.enabled=false",
    "spark.driver.bindAddress=127.0.0.1",
    "spark.driver.host=127.0.0.1",
    "spark.python.unix.domain.socket.enabled=true",  # our jobs say so themselves; those by hand are to be as quick
)
_TURN = 0.05
_STUCK = 300.0


def compiled(workflow: str, folder: Path, parameters: Mapping[str, object], *options: str) -> list[str | Path]:
    """What submits a workflow of workflows/, compiled into `folder`; options of the job may follow."""
    given = [part for name, value in parameters.items() for part in ("-p", f"{name}={value}")]
    made = folder / "job"
    command = [sys.executable, "-m", "sferic.cli", "compile", WORKFLOWS / workflow, "--to", "spark", "-o", made]
    subprocess.run([*command, *options, *given], check=True, capture_output=True)
    return [*_submit(), "--py-files", made / "flow.zip", "--archives", f"{made}/packages.zip#packages", made / "job.py"]


def peer(script: str, *arguments: object) -> list[str | Path]:
    """What submits a job of peers/."""
    return [*_submit(), "--py-files", WORKFLOWS / "word_functions.py", PEERS / script, *map(str, arguments)]


def logged(command: Sequence[str | Path], folder: Path) -> list[str | Path]:
    """The same with Spark's log of what it does, in `events`."""
    (folder / "events").mkdir()
    settings = ("enabled=true", f"dir=file://{folder}/events", "compress=false", "rolling.enabled=false")
    given = [part for one in settings for part in ("--conf", f"spark.eventLog.{one}")]
    return [command[0], *given, *command[1:]]


def _submit() -> list[str | Path]:
    settings = [part for one in SETTINGS for part in ("--conf", one)]
    return [Path(sys.executable).with_name("spark-submit"), "--master", "local[2]", *settings]


@contextlib.contextmanager
def running(command: Sequence[str | Path], folder: Path) -> Iterator["Job"]:
    """A job; what is left of it in the end is killed."""
    with (folder / "said").open("wb") as said:
        mark = f"bench-{secrets.token_hex(8)}"
        environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SFERIC_BENCH": mark}
        process = subprocess.Popen(command, stdout=said, stderr=said, cwd=folder, env=environment)
    job = Job(process, folder, mark)
    try:
        yield job
    finally:
        for pid in marked(mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


class Job:
    """One that runs."""

    def __init__(self, process: "subprocess.Popen[bytes]", folder: Path, mark: str) -> None:
        self._process = process
        self._folder = folder
        self.cpu = TreeCpu(lambda: marked(mark))
        self._began = time.monotonic()

    def watch(self) -> bool:
        """Look again after a turn; False when it has ended. RunFailed where it ended badly, or never does."""
        time.sleep(_TURN)
        self.cpu.sample()
        if self._process.poll():
            raise RunFailed(f"status {self._process.returncode}\n{self._last_words()}")
        if time.monotonic() - self._began > _STUCK:
            raise RunFailed(f"no end after {_STUCK:g} s\n{self._last_words()}")
        return self._process.poll() is None

    def wait(self) -> None:
        """To its end."""
        while self.watch():
            pass

    def _last_words(self) -> str:
        return "\n".join((self._folder / "said").read_text(errors="replace").splitlines()[-30:])


def counted(folder: Path) -> tuple[int, Counter[str]]:
    """(when, in ns of the day's clock, how often each word came) of what the sinks have kept last."""
    last, total = 0, Counter[str]()
    for path in folder.glob("counts-?"):
        when, counts = json.loads(path.read_text())
        last = max(last, when)
        total.update(counts)
    return last, total


def began(folder: Path) -> int:
    """When the first line was made, in ns of the day's clock."""
    return min(int(path.read_text()) for path in folder.glob("first-*"))

"""Runs a topology on a Storm in one JVM on this machine, from start to end."""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any

from sferic.cluster.jars import storm_jars
from sferic.cluster.java import find_java
from sferic.cluster.shim import shim_jar
from sferic.compiler.targets.storm import StormArtefact
from sferic.runtime import frames
from sferic.runtime.frames import BatchHeader, FrameReader
from sferic.runtime.host.failures import error_event
from sferic.runtime.local.attempt import Attempt, run_attempts
from sferic.runtime.observe import Observer, StopRequest

# Quick to start and small: one topology, a few children.
# Batches of a MiB pass through it: with less room for what is new they are moved about and swept one by one.
# Java only carries batches here: the second compiler would take longer to make it quick than it then saves.
_JVM = ("-Xms192m", "-Xmn128m", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
_READ = 1 << 20
_TURN = 0.1
_LAST = 60  # lines of the JVM's stderr that are shown when it dies
_LEAVE = 10.0  # seconds a JVM may take to end its children


def run_on_local_storm(artefact: StormArtefact, root: Path, observer: Observer, stop: StopRequest) -> None:
    """Run the topology to its end; what happens goes to `observer`.

    When state was lost a finite run begins again once; the second time it ends with an error.
    """

    def carry(attempt: Attempt) -> None:
        with _folder() as folder:
            run = _LocalRun(artefact, root, attempt, stop, folder)
            try:
                run.carry()
            finally:
                run.close()

    run_attempts(artefact.plan, observer, carry)


@contextlib.contextmanager
def _folder() -> Generator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sferic-storm-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # the JVM is gone; what it still held is of no use


class _LocalRun:
    def __init__(
        self,
        artefact: StormArtefact,
        root: Path,
        attempt: Attempt,
        stop: StopRequest,
        folder: Path,
    ) -> None:
        self._attempt = attempt
        self._stop = stop
        self._stop_sent = False
        self._finished = False
        self._errors = folder / "stderr.txt"
        self._log = folder / "tmp" / "storm.log"
        self._jvm = self._start(artefact, root, folder)

    def _start(self, artefact: StormArtefact, root: Path, folder: Path) -> "subprocess.Popen[bytes]":
        artefact.plan.write(folder / "plan.json")
        (folder / "topology.bin").write_bytes(artefact.struct)
        config: dict[str, Any] = {
            **artefact.config,
            **_own_environment(artefact),
            # Between workers in one JVM Storm ends it as soon as one holds back another.
            "topology.workers": 1,
            "sferic.plan": str(folder / "plan.json"),
            "sferic.root": str(root),
            "sferic.attempt": self._attempt.number,
            "sferic.run.dir": str(folder / "run"),
        }
        if any(link.codec == "trusted" for link in artefact.plan.links):
            config["sferic.key"] = b64encode(self._attempt.key).decode()
        given = {"name": artefact.name, "struct": str(folder / "topology.bin"), "config": config}
        (folder / "conf.json").write_text(json.dumps({**given, "tmp": str(folder / "tmp"), "folder": str(folder)}))
        class_path = ":".join(map(str, [shim_jar(), *storm_jars()]))
        java = find_java()
        command = [str(java.path), *_JVM, "-cp", class_path, "sferic.LocalMain", str(folder / "conf.json")]
        with self._errors.open("wb") as errors:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )

    def carry(self) -> None:
        """Pass on frames until the run has ended."""
        out = _pipe(self._jvm.stdout)
        reader = FrameReader()
        while not self._finished:
            self._look_at_stop()
            if not select.select([out], [], [], _TURN)[0]:
                continue
            data = os.read(out.fileno(), _READ)
            if not data:
                self._jvm.wait()  # an error is the end of the attempt
                self._attempt.event(error_event(self._last_words()))
            for kind, _, body in reader.feed(data):
                self._frame(kind, body)

    def _look_at_stop(self) -> None:
        if self._stop.requested and not self._stop_sent:
            self._stop_sent = True
            stdin = _pipe(self._jvm.stdin)
            with contextlib.suppress(BrokenPipeError):  # the end of its stdout says what became of it
                stdin.write(frames.pack_frame(frames.STOP))
                stdin.flush()

    def _frame(self, kind: int, body: bytes) -> None:
        if self._finished:
            return
        if kind == frames.RESULT:
            self._attempt.result(BatchHeader.unpack(body).link, body)
        elif kind == frames.EVENT:
            self._attempt.event(json.loads(body))
        elif kind == frames.STATE:
            state: dict[str, Any] = json.loads(body)
            self._attempt.event({"event": "state", **state})
            self._finished = state["state"] == "finished"

    def _last_words(self) -> str:
        said = _end_of(self._errors) or _end_of(self._log) or "(it said nothing)"
        return f"the JVM of the local Storm ended by itself with status {self._jvm.returncode}. Its last words:\n{said}"

    def close(self) -> None:
        """Leave no JVM behind, and no child of it: at the end of its stdin it ends both."""
        with contextlib.suppress(BrokenPipeError):
            _pipe(self._jvm.stdin).close()
        try:
            self._jvm.wait(_LEAVE)
        except subprocess.TimeoutExpired:
            os.killpg(self._jvm.pid, signal.SIGKILL)
            self._jvm.wait()
        _pipe(self._jvm.stdout).close()


def _end_of(file: Path) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-_LAST:]) if file.is_file() else ""


def _own_environment(artefact: StormArtefact) -> dict[str, Any]:
    """Children are of this machine's Python, with what is packed before what is installed."""
    child = ["-m", "sferic.runtime.worker"]
    if artefact.packages is None:
        return {"sferic.env": {}, "sferic.env.without": None, "sferic.child": child}
    path = [str(artefact.packages.folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"sferic.env": {"PYTHONPATH": ":".join(path)}, "sferic.env.without": None, "sferic.child": child}


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe

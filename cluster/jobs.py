"""Spark jobs that were submitted from this machine: a folder each, below the state folder, with all that is theirs."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sferic.cluster.errors import OperationError
from sferic.cluster.home import state_folder
from sferic.cluster.processes import Known
from sferic.runtime.plan import plan_from_json

_NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")
Status = dict[str, Any]  # what a driver says of itself (sferic/jobstatus.py)


class JobError(OperationError):
    """A job is not as a command needs it; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was submitted. `development`: to the cluster of this machine, wherever that listens by now. `mark`: in the
    environment of all its processes."""

    name: str
    mode: str
    master: str
    development: bool
    python: str
    conf: dict[str, str]
    interval: float | None
    checkpoint: str | None
    submitted: float
    version: str
    plan: str
    mark: str


@dataclass(frozen=True, slots=True)
class Course:
    """How it went on, as its supervisor writes it down.

    `driver`: the process of spark-submit, None while there is none. `restarts`: drivers after the first one. `over`: it
    ended, was killed, or was given up; then `exit` is its status, where it has one, and `why` what ended it, "" where
    that was its own end.
    """

    supervisor: Known
    driver: Known | None = None
    restarts: int = 0
    why: str = ""
    over: bool = False
    exit: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """Where everything of a job is."""

    name: str
    folder: Path

    @property
    def record(self) -> Path:
        """What was asked for."""
        return self.folder / "job.json"

    @property
    def course_file(self) -> Path:
        """How it went on."""
        return self.folder / "course.json"

    @property
    def artefact(self) -> Path:
        """As `compile --to spark` writes it."""
        return self.folder / "job"

    @property
    def log(self) -> Path:
        """What its drivers have said; older parts have a number behind it."""
        return self.folder / "driver.log"

    @property
    def status_file(self) -> Path:
        """What its driver says of itself."""
        return self.folder / "status.json"

    @property
    def results(self) -> Path:
        """Lines of JSON."""
        return self.folder / "results.jsonl"

    @property
    def letters(self) -> Path:
        """Dead letters."""
        return self.folder / "letters.jsonl"

    @property
    def taken(self) -> Path:
        """How much of both was fetched."""
        return self.folder / "taken.json"

    @property
    def stop(self) -> Path:
        """Made by who wants it to stop."""
        return self.folder / "stop"

    @property
    def checkpoint(self) -> Path:
        """Of a stream, where no other place was said."""
        return self.folder / "checkpoint"

    @property
    def endless(self) -> bool:
        """Has it a source that does not end by itself? Not where a command died before it had written its plan."""
        file = self.artefact / "plan.json"
        return file.exists() and plan_from_json(file.read_text()).endless

    @property
    def known(self) -> bool:
        """Was there one, and is it not killed?"""
        return self.record.exists()

    @property
    def asked(self) -> Asked:
        """What was asked for. Raises JobError where there is none."""
        try:
            return Asked(**json.loads(self.record.read_text()))
        except FileNotFoundError as error:
            raise JobError(
                f"there is no Spark job {self.name} on this machine. sferic list shows what there is"
            ) from error

    @property
    def course(self) -> Course | None:
        """How it went on; None before its supervisor is there."""
        try:
            said = json.loads(self.course_file.read_text())
        except FileNotFoundError:
            return None
        supervisor, driver = said.pop("supervisor"), said.pop("driver")
        return Course(Known(**supervisor), driver and Known(**driver), **said)

    @property
    def status(self) -> Status:
        """What its driver, or the one before it, said last; empty where none has said anything."""
        for path in (self.status_file, before(self.status_file)):
            try:
                return json.loads(path.read_text())
            except FileNotFoundError:
                continue
        return {}

    def note(self, course: Course) -> None:
        """Write down how it goes on."""
        replace_json(self.course_file, asdict(course))

    def note_asked(self, asked: Asked) -> None:
        """Write down what was asked for."""
        replace_json(self.record, asdict(asked))

    def forget(self, *, checkpoint: bool) -> None:
        """Remove all of it; its `checkpoint`, too?"""
        for path in self.folder.iterdir():
            if path.name == ".lock" or (path == self.checkpoint and not checkpoint):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


@dataclass(frozen=True, slots=True)
class State:
    """How a job is, in a word, and what there is to say of it. `supervised`: somebody starts its driver again; `lives`:
    its driver is there, supervised or not."""

    word: str
    supervised: bool
    course: Course | None
    status: Status = field(default_factory=Status)
    lives: bool = False

    @property
    def over(self) -> bool:
        """Nobody brings it on, unless its driver is left."""
        return not self.supervised


def before(path: Path) -> Path:
    """Where a driver's status is kept when the next one starts."""
    return path.with_name(f"before-{path.name}")


def replace_json(path: Path, said: object) -> None:
    """Write it, all or nothing."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(said, indent=1) + "\n")
    part.replace(path)


def jobs_folder() -> Path:
    """Where all of them are."""
    return state_folder() / "jobs"


def job_of(name: str) -> Job:
    """The place of a job, be it there or not. Raises JobError for what is no name."""
    if not _NAME.fullmatch(name):
        raise JobError(f"{name!r} is no name for a job: use letters, digits, - and _, at most 200")
    return Job(name, jobs_folder() / name)


def all_jobs() -> Iterator[Job]:
    """Those that are recorded."""
    for record in sorted(jobs_folder().glob("*/job.json")):
        yield Job(record.parent.name, record.parent)


def state_of(job: Job) -> State:
    """How it is."""
    course, status = job.course, job.status
    if course is None:
        return State("interrupted", supervised=False, course=None)
    if course.over and course.exit is None:
        return State("killed", supervised=False, course=course, status=status)
    if course.over:
        done = course.exit in (0, 3) and not course.why
        return State("finished" if done else "failed", False, course, status)
    if not course.supervisor.alive:
        return State("interrupted", False, course, status, lives=course.driver is not None and course.driver.alive)
    if course.driver is None or not course.driver.alive:
        return State("restarting" if course.restarts or course.why else "starting", True, course, status)
    word = status.get("state", "starting") if job.status_file.exists() else "starting"
    word = "stopping" if word in ("running", "ended") and job.stop.exists() else word
    return State("running" if word == "ended" else word, True, course, status, lives=True)

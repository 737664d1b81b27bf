"""Starts Spark jobs, and ends them."""

import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sferic.cluster import spark_development
from sferic.cluster.daemons import ClusterError, Tell, alone
from sferic.cluster.job_files import Kind, Shelf
from sferic.cluster.jobs import Asked, Job, JobError, State, all_jobs, before, state_of
from sferic.cluster.namespace import NamespaceRefused, in_network_of
from sferic.cluster.spark_install import LOOPBACK, spark_environment
from sferic.cluster.spark_master import PAGE, Look, Master, MasterAway
from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.targets.spark import SparkArtefact, write_artefact
from sferic.runtime.kin import MARK, end_kin
from sferic.runtime.observe import WRONG_INPUT

_TURN = 0.2  # seconds between two looks
_BEGIN = 180.0  # seconds that a driver may take until it runs
_ANSWER = 5.0  # seconds that a master may take to answer
_STARTED = 30.0  # the same of a supervisor until it is there
_DRIVER = 20  # lines of its log that are shown when it did not begin
_MASTERS = re.compile(r"local(\[.+\])?|yarn|k8s://.+")
_LOCAL = (f"spark://{LOOPBACK}:", "spark://localhost:", "local")


@dataclass(frozen=True, slots=True)
class Place:
    """A master. `development`: of the cluster on this machine."""

    url: str
    development: bool
    network_of: int | None = None

    @property
    def here(self) -> bool:
        """Do its workers see this machine's files?"""
        return self.url.startswith(_LOCAL)


def place_of(master: str | None) -> Place:
    """What `--master` says, or the cluster of this machine. Raises JobError where nothing answers."""
    running = spark_development.recorded(spark_development.home())
    if master is None or (running is not None and master == running.master):
        if running is None or len(running.gone) == len(running.daemons):
            raise JobError(
                "no Spark cluster is up on this machine, and no other is named. Start one: sferic cluster up --spark; "
                "or give --master URL"
            )
        if running.gone:
            raise JobError(f"Spark's cluster has lost its {running.gone[0]}. Start it again: sferic cluster up --spark")
        return Place(running.master, development=True, network_of=running.network_of)
    if master.startswith("spark://"):
        _knock(master)
    elif not _MASTERS.fullmatch(master):
        raise JobError(f"{master!r} is no master of Spark's: write spark://HOST:PORT, as its page shows it")
    return Place(master, development=False)


def _knock(master: str) -> None:
    failed: list[str] = []
    for each in master.removeprefix("spark://").split(","):
        host, _, port = each.rpartition(":")
        if not host or not port.isdigit():
            raise JobError(f"{master!r} is no URL of a master: write spark://HOST:PORT, as its page shows it")
        try:
            socket.create_connection((host, int(port)), _ANSWER).close()
        except OSError as error:
            failed.append(f"{each}: {error}")
        else:
            return
    raise JobError(f"no Spark master answers at {master} ({'; '.join(failed)}). Is it up, and is that its URL?")


def submit(
    artefact: SparkArtefact, job: Job, asked: Asked, place: Place, runtime: Path, tell: Tell, *, fresh: bool
) -> State:
    """Write all that is the job's and start it; returns when it runs, or has come to its end. Raises JobError."""
    job.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(job.folder, job.name):
        refuse_if_there(job, asked.mode, asked.checkpoint, fresh=fresh)
        if fresh:
            _begin_anew(job, asked)
        elif _adds(job, asked.mode, asked.checkpoint):
            if state_of(job).word == "finished" and job.endless:
                tell(f"{job.name} was stopped and has drained: it begins with new state, where its sources were")
        else:
            for path in (job.results, job.letters, job.taken):
                path.unlink(missing_ok=True)
        if job.artefact.exists():
            shutil.rmtree(job.artefact)
        write_artefact(artefact, job.artefact, runtime=runtime, version=asked.version)
        job.note_asked(asked)
        _start(job, place)
    return await_running(job, tell)


def _adds(job: Job, mode: str, checkpoint: str | None) -> bool:
    """A stream that goes on from the checkpoint of the stream before it adds to what that has left."""
    if not (job.known and mode == job.asked.mode == "dstream" and checkpoint == job.asked.checkpoint):
        return False
    folder = Path(checkpoint or job.checkpoint)
    return (checkpoint is not None and "://" in checkpoint) or any(folder.glob("superstep-*"))


def refuse_if_there(job: Job, mode: str, checkpoint: str | None, *, fresh: bool) -> None:
    """JobError where a job of this name runs, or has something that nobody has fetched and that would go."""
    if not job.known:
        return
    state = state_of(job)
    if not state.over:
        raise JobError(f"{job.name} is {state.word} already. Another name, or first: sferic stop {job.name} (or kill)")
    if state.word == "interrupted":
        raise JobError(
            f"{job.name} was interrupted: nobody looks after its driver any more. To go on: sferic resume {job.name}. "
            f"To begin anew: sferic kill {job.name}, then submit --fresh"
        )
    name, adds = job.name, not fresh and _adds(job, mode, checkpoint)
    commands: dict[Kind, str] = {"results": f"results {name}", "letters": f"dead-letters --name {name} [--drop]"}
    for kind, command in commands.items():
        if not adds and Shelf(job).left(kind):
            raise JobError(
                f"the last {name} has left {kind} that nobody has fetched: sferic {command}. To drop all that it has "
                f"left: sferic kill {name}"
            )


def _begin_anew(job: Job, asked: Asked) -> None:
    if asked.checkpoint is not None:
        there = Path(asked.checkpoint)
        for other in all_jobs():
            if other.name != job.name and _is_at(other, there) and not state_of(other).over:
                raise JobError(
                    f"{asked.checkpoint} is the checkpoint of {other.name}, which goes on: name another folder"
                )
        if "://" in asked.checkpoint or (there.exists() and any(there.iterdir())):
            raise JobError(f"--fresh leaves folders elsewhere alone: remove {asked.checkpoint}, or name another one")
    job.forget(checkpoint=True)


def _is_at(job: Job, checkpoint: Path) -> bool:
    return checkpoint.resolve() == Path(job.asked.checkpoint or job.checkpoint).resolve()


def resume(job: Job, tell: Tell) -> State:
    """Start the driver of a job again that nobody supervises; where a stream was, it goes on. Raises JobError."""
    asked = job.asked
    with alone(job.folder, job.name):
        state = state_of(job)
        if not state.over:
            raise JobError(f"{job.name} is {state.word}: there is nothing to go on with")
        if state.word == "finished":
            raise JobError(f"{job.name} has come to its end: submit it again")
        place = place_of(None if asked.development else asked.master)
        job.note_asked(replace(asked, master=place.url))
        _start(job, place)
    return await_running(job, tell)


def _start(job: Job, place: Place) -> None:
    """The supervisor, which outlives this command, on the master's network."""
    for path in (job.stop, job.course_file, job.status_file, before(job.status_file)):
        path.unlink(missing_ok=True)
    command = [sys.executable, "-m", "sferic.cluster.spark_supervisor", str(job.folder)]
    # Marked as its driver is: a child that has not yet become one is found, too.
    env = spark_environment(loopback=place.here) | {MARK: job.asked.mark}

    def popen() -> "subprocess.Popen[bytes]":
        with (job.folder / "supervisor.out").open("ab") as out:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=job.folder,
                env=env,
                start_new_session=True,
            )

    child = popen() if place.network_of is None else in_network_of(place.network_of, popen)
    while job.course is None:
        if child.poll() is not None:
            said = (job.folder / "supervisor.out").read_text(errors="replace").splitlines()[-_DRIVER:]
            raise JobError(f"the supervisor of {job.name} ended with status {child.returncode}:\n" + "\n".join(said))
        time.sleep(0.02)


def new_mark() -> str:
    """For the processes of a job: not of the form that ends with whoever started them."""
    return f"job:{secrets.token_hex(8)}"


def await_running(job: Job, tell: Tell) -> State:
    """When it runs, or is over. Raises JobError where it cannot begin."""
    began, told = time.monotonic(), ""
    while True:
        state = state_of(job)
        if not job.known or state.word == "killed":
            raise JobError(f"{job.name} was killed meanwhile")
        if state.over or _begun(state):
            break
        said = f"{job.name} is {state.word}" + (f": {state.course.why}" if state.course and state.course.why else "")
        if said != told:
            tell(said)
            told = said
        if time.monotonic() - began > _BEGIN:
            raise JobError(
                f"{job.name} does not run after {_BEGIN:.0f} s, and goes on trying. To see why: sferic logs "
                f"{job.name}; to end it: sferic kill {job.name}"
            )
        time.sleep(_TURN)
    if state.word in ("interrupted", "killed"):
        raise JobError(f"{job.name} was ended while it began")
    if state.word != "failed" or _begun(state):
        return state
    text = f"{job.name} could not begin. {_words(job, state)}"
    if state.course is not None and state.course.exit == WRONG_INPUT:
        anew = "begin anew with sferic submit --fresh, or " if job.asked.checkpoint is None else ""
        remedy = f"{anew}see its log: sferic logs {job.name}"
        raise WrongInput([Problem(text, remedy=remedy)])
    raise JobError(text)


def _begun(state: State) -> bool:
    """Does its driver carry stages, or supersteps?"""
    return "stages" in state.status or "supersteps" in state.status


def _words(job: Job, state: State) -> str:
    """The driver's own."""
    error = state.status.get("error")
    if error:
        return str(error)
    lines = job.log.read_text(errors="replace").splitlines()[-_DRIVER:] if job.log.exists() else []
    return f"It said last, in {job.log}:\n" + "\n".join(lines)


def master_of(job: Job) -> Master | None:
    """Where its master has its page, if it is a standalone one."""
    asked = job.asked
    if asked.development:
        running = spark_development.recorded(spark_development.home())
        return None if running is None else running.page
    if not asked.master.startswith("spark://"):
        return None
    first = asked.master.removeprefix("spark://").partition(",")[0]
    return Master(first.rpartition(":")[0], PAGE)


def look_at_master(job: Job) -> Look | None:
    """What its master says, where it is a standalone one that answers."""
    page = master_of(job)
    try:
        look = None if page is None else page.look()
    except (MasterAway, NamespaceRefused):
        return None
    return look if look is not None and look.url in job.asked.master else None


def waits(job: Job) -> str:
    """What its application waits for at the master; "" where it does not."""
    look = look_at_master(job)
    app = None if look is None else look.applications.get(str(job.status.get("app")))
    if look is None or app is None or app.state != "WAITING":
        return ""
    free = look.cores - look.cores_used
    return (
        f"it waits for cores or memory, of which the master has not enough ({free} core{'s' * (free != 1)} free, "
        f"{len(look.workers)} worker{'s' * (len(look.workers) != 1)}): end another application there, or ask for less "
        "(--conf spark.cores.max=…, spark.executor.memory=…)"
    )


def stop(job: Job, progress: Callable[[State], None], limit: int, tell: Tell) -> State:
    """Let sources end and all drain; returns when it is over. Raises JobError where that takes longer than `limit`."""
    state = state_of(job)
    if state.over and state.word != "interrupted":
        return state
    if state.over:
        tell(f"{job.name} has no driver: it is started again to drain")
        resume(job, tell)
    job.stop.touch()
    until = time.monotonic() + limit
    while not (state := state_of(job)).over:
        progress(state)
        if time.monotonic() > until:
            raise JobError(
                f"{job.name} has not drained within {limit} s, and goes on with it. Wait with sferic stop {job.name}, "
                f"or drop what is in flight: sferic kill {job.name}"
            )
        time.sleep(_TURN)
    return state


def kill(job: Job, *, keep: bool) -> None:
    """End all its processes at once, and forget it; `keep`: only that it runs. A checkpoint stays in any case."""
    with _when_free(job):
        leave(job)
        if not keep:
            job.forget(checkpoint=False)
        elif (course := job.course) is not None and not course.over:
            job.note(replace(course, driver=None, over=True, exit=None, why="it was killed"))


@contextmanager
def _when_free(job: Job) -> Generator[None]:
    """Whoever is starting it has soon done so."""
    until = time.monotonic() + _STARTED
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(alone(job.folder, job.name))
                break
            except ClusterError:
                if time.monotonic() > until:
                    raise
                time.sleep(_TURN)
        yield


def leave(job: Job) -> None:
    """End all its processes at once. It can be gone on with."""
    asked, course = job.asked, job.course
    if course is not None:
        course.supervisor.signal(signal.SIGKILL)
        while course.supervisor.alive:
            time.sleep(0.02)
    end_kin(asked.mark)
    _await_gone(job, asked)


def _await_gone(job: Job, asked: Asked) -> None:
    """The master ends the executors of an application whose driver has gone."""
    app = job.status.get("app")
    until = time.monotonic() + _ANSWER
    while asked.development and time.monotonic() < until:
        look = look_at_master(job)
        found = None if look is None or app is None else look.applications.get(str(app))
        if found is None or found.state not in ("WAITING", "RUNNING"):
            return
        time.sleep(_TURN)


def on_this_cluster() -> list[Job]:
    """Jobs that run, or would, on the cluster of this machine."""
    here = [(job, state_of(job)) for job in all_jobs() if job.asked.development]
    return [job for job, state in here if state.lives or not state.over]

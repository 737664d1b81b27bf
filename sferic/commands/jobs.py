"""Spark jobs, as commands meet them that take a name: a job that is recorded here is meant, else a topology."""

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from sferic.commands.connection import tell
from sferic.runtime.observe import FAILED

if TYPE_CHECKING:
    from sferic.cluster.jobs import Job, State

_LOOK = 0.5  # seconds between two looks at a job
_INSTEAD = {  # by what a topology can do: of a stream, of a batch job
    "pause": (
        "interrupt it with sferic kill {name} --keep, and let it go on where it was with sferic resume {name}",
        "let it end, or sferic kill {name}; submitted again it begins at its beginning",
    ),
    "rebalance": (
        "Spark deals instances out anew at each batch. For other numbers of them stop it, and submit it with new state",
        "Spark deals instances out by itself. For other numbers of them kill it and submit it again",
    ),
    "update": (
        "stop it, and submit the other version under this name: it begins where its sources were, with new state",
        "kill it (sferic kill {name}) or let it end, and submit the other version under this name",
    ),
    "log-level": ("all that its PEs log is in its log; show less of it with sferic logs {name} --level LEVEL",) * 2,
}


def job_named(name: str, nimbus: str | None) -> "Job | None":
    """The Spark job of this name, unless `--nimbus` says that a topology is meant, or there is none."""
    from sferic.cluster.jobs import JobError, job_of  # noqa: PLC0415 - only who operates needs it

    if nimbus is not None:
        return None
    try:
        job = job_of(name)
    except JobError:
        return None
    if not job.known:
        _refuse_misspelt(name)
        return None
    return job


def _refuse_misspelt(name: str) -> None:
    """End the command where nothing but a Spark job can be meant."""
    from sferic.cluster import development  # noqa: PLC0415
    from sferic.cluster.jobs import all_jobs  # noqa: PLC0415
    from sferic.compiler.diagnostics import nearest  # noqa: PLC0415

    names = [job.name for job in all_jobs()]
    if names and "SFERIC_NIMBUS" not in os.environ and development.reach(development.home()) is None:
        fail(f"there is no Spark job {name} on this machine, and no Storm cluster is up here: {nearest(name, names)}")


def refuse_job(name: str, nimbus: str | None, what: str) -> None:
    """End the command, with what to do in place of it, where a Spark job is meant."""
    if (job := job_named(name, nimbus)) is not None:
        of_stream, of_batch = _INSTEAD[what]
        instead = of_stream if job.asked.mode == "dstream" else of_batch
        fail(f"{name} is a Spark job, which has no {what}: {instead.format(name=name)}")


def results_of_job(job: "Job", dead_letters: str | None, *, follow: bool, keep: bool) -> None:
    """`results`, of a job."""
    from sferic.cluster.job_files import Shelf  # noqa: PLC0415
    from sferic.cluster.jobs import state_of  # noqa: PLC0415

    shelf = Shelf(job)
    at = 0
    while True:
        state = state_of(job)  # before what is there is read: nothing comes after the end
        with shelf:
            begin = at = max(at, shelf.taken.results)
            for line in shelf.results(at):
                click.echo(line.text)
                at = line.end
            sys.stdout.flush()
            if at > begin and not keep:
                shelf.take_results(at)
        if not follow or state.over:
            break
        time.sleep(_LOOK)
    if dead_letters is not None:
        with Path(dead_letters).open("a", encoding="utf-8") as out:
            found = shelf.letters()
            out.writelines(f"{line.text}\n" for line, _ in found)
        if not keep:
            shelf.drop([line for line, _ in found], ())
    if state.word == "failed":
        fail(f"{job.name} has failed: {state.status.get('error') or (state.course and state.course.why)}")


def stop_job(job: "Job", limit: int, *, as_json: bool) -> None:
    """`stop`, of a job."""
    from sferic.cluster.jobs import state_of  # noqa: PLC0415
    from sferic.cluster.spark_submission import stop  # noqa: PLC0415

    def progress(state: "State") -> None:
        if sys.stderr.isatty():
            items = sum(counts.get("in", 0) for counts in state.status.get("pes", {}).values())
            way = state.status.get("on_its_way", 0)
            click.echo(f"\r{state.word}: {items:,} items, {way} batches on their way ", nl=False, err=True)

    was_over = state_of(job).word == "finished"
    done = stop(job, progress, limit, tell)
    status = done.course.exit if done.course else None
    failed = "" if done.word == "finished" else str(done.status.get("error") or (done.course and done.course.why))
    if as_json:
        told = {"name": job.name, "finished": done.word == "finished", "exit": status, "failed": failed}
        click.echo(json.dumps(told))
    elif done.word == "finished":
        drained = "had ended before" if was_over else "has drained and ended"
        click.echo(f"{job.name} {drained} with status {status}. Its results, if any: sferic results {job.name}")
        if not was_over and job.asked.mode == "dstream" and job.endless:
            tell(
                f"What its PEs held has gone into these: submitted again, it begins where its sources were, with new "
                f"state. To interrupt a stream and keep that: sferic kill {job.name} --keep, sferic resume {job.name}"
            )
    if failed:
        fail(f"{job.name} could not drain: {failed}")


def kill_job(job: "Job", *, keep: bool, as_json: bool) -> None:
    """`kill`, of a job."""
    from sferic.cluster.job_files import Shelf  # noqa: PLC0415
    from sferic.cluster.spark_submission import kill  # noqa: PLC0415

    shelf = Shelf(job)
    dropped = 0 if keep else shelf.left("results") + shelf.left("letters")
    asked = job.asked
    kill(job, keep=keep)
    if as_json:
        click.echo(json.dumps({"name": job.name, "dropped": dropped}))
        return
    click.echo(f"{job.name} is gone.")
    if asked.checkpoint:
        tell(f"A stream submitted with --checkpoint {asked.checkpoint} goes on from there, if it is of the same plan")
    elif keep and asked.mode == "dstream":
        tell(f"To let it go on where it was: sferic resume {job.name}")
    elif job.checkpoint.exists():
        tell(f"A stream of this plan submitted as {job.name} goes on where it was; to begin anew: submit --fresh")
    if keep:
        tell(f"Its results and dead letters are there still: sferic results {job.name}")
    elif dropped:
        tell(f"{dropped:,} bytes of results and dead letters that nobody had fetched went with it.")


def resume_job(job: "Job", *, as_json: bool) -> None:
    """`resume`, of a job."""
    from sferic.cluster.spark_submission import resume  # noqa: PLC0415

    state = resume(job, tell)
    if as_json:
        click.echo(json.dumps({"name": job.name, "status": state.word}))
    else:
        click.echo(f"{job.name} goes on.")


def fail(text: str) -> NoReturn:
    """Say why, and end the command."""
    click.echo(text, err=True)
    sys.exit(FAILED)

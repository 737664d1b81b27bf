"""Commands for what workers log: what they have logged, and how much they are to."""

import json
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from sferic.commands.connection import NAME, NIMBUS, connected, place, tell
from sferic.commands.jobs import job_named, refuse_job
from sferic.commands.options import JSON
from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.runtime.observe import WRONG_INPUT

if TYPE_CHECKING:
    from sferic.cluster.jobs import Job
    from sferic.cluster.logs import Entry, Wanted
    from sferic.cluster.nimbus import Nimbus
    from sferic.cluster.topologies import Found

_LOOK = 0.3  # seconds between two looks at files that are followed
_STILL_THERE = 5.0  # seconds between two looks whether the topology is


@click.command("logs")
@NAME
@click.option("--pe", metavar="PATH", help="Only what this PE says, or the PEs of this composite.")
@click.option("--rank", type=click.IntRange(0), help="Only what this instance says.")
@click.option(
    "--level",
    type=click.Choice(["TRACE", "DEBUG", "INFO", "WARN", "ERROR"], case_sensitive=False),
    default="TRACE",
    help="Only entries of this level and above.",
)
@click.option(
    "-n",
    "count",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="Of each worker so many entries, the last ones.",
)
@click.option("--follow", is_flag=True, help="Go on with what comes, until the topology is gone.")
@click.option("--logviewer", metavar="HOST:PORT", help="Read all from this logviewer of Storm's.")
@NIMBUS
@JSON
def logs_command(
    name: str,
    pe: str | None,
    rank: int | None,
    level: str,
    count: int,
    logviewer: str | None,
    nimbus: str | None,
    *,
    follow: bool,
    as_json: bool,
) -> None:
    """Show what the workers of a topology, or the drivers of a Spark job, have logged.

    Of the cluster on this machine from its files; of others from the logviewers of the workers' machines.
    """
    from sferic.cluster import development  # noqa: PLC0415 - only who operates needs it
    from sferic.cluster.logs import NoLogsHere, Wanted, folder_of, from_files, from_logviewer, last  # noqa: PLC0415
    from sferic.cluster.topologies import find  # noqa: PLC0415

    wanted = Wanted(pe, rank, level)
    if (job := job_named(name, nimbus)) is not None:
        _show(_of_job(job, wanted, count, follow=follow), as_json=as_json)
        return
    given = None if logviewer is None else place(logviewer, "a logviewer", "storm1:8000")
    with connected(nimbus) as connection:
        found = find(connection, name)
        try:
            folder = None if logviewer else folder_of(found, development.home().logs)
        except NoLogsHere as error:
            if found.status == "gone":
                raise
            folder = None
            tell(f"{error}. Asking their logviewers")
        if folder is not None and follow:
            _show(_followed(connection, found, wanted, count), as_json=as_json)
            return
        if follow:
            tell("--follow needs the files: it works on the cluster of this machine")
            sys.exit(WRONG_INPUT)
        places = from_files(folder) if folder is not None else from_logviewer(connection, found, given)
        for worker, lines in places:
            _show(((worker, entry) for entry in last(lines, wanted, count)), as_json=as_json)


def _followed(connection: "Nimbus", found: "Found", wanted: "Wanted", count: int) -> "Iterator[tuple[str, Entry]]":
    from sferic.cluster import development  # noqa: PLC0415
    from sferic.cluster.logs import Follower, folder_of  # noqa: PLC0415

    follower = Follower(folder_of(found, development.home().logs))
    yield from follower.begin(wanted, count)
    looked, there = time.monotonic(), True
    while there:
        if time.monotonic() - looked > _STILL_THERE:
            looked = time.monotonic()
            there = any(summary.id == found.id for summary in connection.call("getClusterInfo").topologies)
        yield from follower.more(wanted)
        sys.stdout.flush()
        time.sleep(_LOOK)


def _of_job(job: "Job", wanted: "Wanted", count: int, *, follow: bool) -> "Iterator[tuple[str, Entry]]":
    from sferic.cluster.jobs import state_of  # noqa: PLC0415
    from sferic.cluster.logs import Follower  # noqa: PLC0415

    _check_pe(job, wanted.pe)
    follower = Follower(job.folder, job.log.name)
    yield from follower.begin(wanted, count)
    while follow:
        over = state_of(job).over
        yield from follower.more(wanted)
        sys.stdout.flush()
        if over:
            return
        time.sleep(_LOOK)


def _check_pe(job: "Job", wanted: str | None) -> None:
    from sferic.runtime.plan import plan_from_json  # noqa: PLC0415

    plan = plan_from_json((job.artefact / "plan.json").read_text())
    paths = [pe.path for stage in plan.stages for pe in stage.pes]
    if wanted is not None and not any(path == wanted or path.startswith(f"{wanted}/") for path in paths):
        text = f"{job.name} has no PE {wanted}"
        raise WrongInput([Problem(text, remedy=f"its PEs are {', '.join(paths)}")])


def _show(entries: "Iterable[tuple[str, Entry]]", *, as_json: bool) -> None:
    for worker, entry in entries:
        if as_json:
            said = {"time": entry.time, "level": entry.level, "pe": entry.pe, "rank": entry.rank, "text": entry.text}
            click.echo(json.dumps({"worker": worker, **said}))
        else:
            for line in entry.lines:
                click.echo(f"[{worker}] {line}")


@click.command("log-level")
@NAME
@click.argument("levels", metavar="[PE=LEVEL]...", nargs=-1)
@click.option("--for", "seconds", type=click.IntRange(1), metavar="SECONDS", help="Only for so long.")
@NIMBUS
@JSON
def log_level_command(
    name: str, levels: tuple[str, ...], seconds: int | None, nimbus: str | None, *, as_json: bool
) -> None:
    """Set how much PEs of a running topology log: PE=DEBUG, for all of them =DEBUG; PE= takes it back.

    Without PE=LEVEL it shows what is set.
    """
    from sferic.cluster.levels import levels as levels_now  # noqa: PLC0415 - only who operates needs it
    from sferic.cluster.levels import set_levels  # noqa: PLC0415
    from sferic.cluster.topologies import find  # noqa: PLC0415

    refuse_job(name, nimbus, "log-level")
    wanted: dict[str, str] = {}
    for given in levels:
        pe, equals, level = given.rpartition("=")
        if not equals:
            tell(f"{given!r} sets no level: write PE=LEVEL, as {given}=DEBUG")
            sys.exit(WRONG_INPUT)
        wanted[pe] = level.upper()
    with connected(nimbus) as connection:
        found = find(connection, name)
        if wanted:
            set_levels(connection, found, wanted, seconds or 0)
        now = levels_now(connection, found)
    if as_json:
        click.echo(json.dumps(now))
        return
    for logger, level in sorted(now.items()):
        click.echo(f"{logger}: {level}")
    if not now:
        tell("no level is set: workers log what their worker.xml says, which is INFO in Storm's own")

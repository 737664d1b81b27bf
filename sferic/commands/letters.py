"""Dead letters, of a file or of a topology: shown, given again, dropped."""

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sferic.commands.connection import NIMBUS, connected, tell
from sferic.commands.jobs import job_named
from sferic.commands.options import CODEC, JSON, LETTERS, PARAMS, taking
from sferic.commands.workflow import read_workflow
from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.pipeline import Options, compile_plan
from sferic.runtime.observe import ITEMS_FAILED

if TYPE_CHECKING:
    from sferic.cluster.jobs import Job
    from sferic.cluster.letters import Lot
    from sferic.runtime.letters import Letter


@dataclass(frozen=True, slots=True)
class _Replay:
    """How letters are given again."""

    workflow: str
    topology: str | None  # whose letters they are, if any
    params: tuple[str, ...]
    results: str | None
    dead_letters: str | None
    codec: str
    as_json: bool


def letters_command(run: Callable[..., None]) -> click.Command:
    """`dead-letters`, of what runs a workflow."""

    def dead_letters(
        file: str | None,
        name: str | None,
        number: int | None,
        workflow: str | None,
        nimbus: str | None,
        *,
        drop: bool,
        as_json: bool,
        **how: Any,
    ) -> None:
        """Show the dead letters in FILE, or those of a topology; give them to their PEs again; drop them.

        A replay is a run on this machine, wherever the letters are from. It begins at the PEs that have letters, with
        new instances, and runs all that is behind them. Its results are written here, and what its PEs do (files,
        databases) is done from here. A topology that runs hears nothing of it: neither its PEs, nor its counts.
        """
        from sferic.runtime.letters import read_letters  # noqa: PLC0415

        if (file is None) == (name is None):
            raise click.UsageError("give a FILE, or --name for those of a topology")
        if drop and name is None:
            raise click.UsageError("--drop is for those of a topology: remove the file in place of it")
        if drop and workflow is not None and how["dead_letters"] is None:
            raise click.UsageError("--replay with --drop wants --dead-letters FILE, for items that fail again")
        replay = None if workflow is None else _Replay(workflow, topology=name, as_json=as_json, **how)

        def do(letters: "list[Letter]", away: Callable[[Sequence[int]], int] | None) -> None:
            if replay is not None:
                _replay(letters, replay, run, away)
            elif away is not None:
                dropped = away(())
                told = f"{dropped} dead letter{'s' * (dropped != 1)} of {name} dropped."
                click.echo(json.dumps({"name": name, "dropped": dropped}) if as_json else told)
            else:
                _show(letters, number, as_json=as_json)

        if file is not None:
            do(list(read_letters(Path(file))), None)
        elif (job := job_named(name or "", nimbus)) is not None:
            _of_job(job, do, drop=drop)
        else:
            _of_topology(name or "", nimbus, do, drop=drop)

    return click.command("dead-letters")(taking(*_OWN, PARAMS, LETTERS, CODEC, NIMBUS, JSON)(dead_letters))


_OWN = (
    click.argument("file", type=click.Path(exists=True, dir_okay=False), required=False),
    click.option("--name", help="In place of FILE: the topology whose dead letters on the cluster are meant."),
    click.option("--show", "number", type=click.IntRange(1), metavar="NUMBER", help="One of them, with its traceback."),
    click.option("--replay", "workflow", metavar="WORKFLOW", help="Give items to their PEs again, on this machine."),
    click.option("--drop", is_flag=True, help="Take them away from the cluster; with --replay what was given."),
    click.option("--results", type=click.Path(dir_okay=False), help="Write a replay's results there, not to stdout."),
)


def _of_job(job: "Job", do: Callable[..., None], *, drop: bool) -> None:
    from sferic.cluster.job_files import Shelf  # noqa: PLC0415

    shelf = Shelf(job)
    found = shelf.letters()
    lines = [line for line, _ in found]

    def away(stay: Sequence[int]) -> int:
        return shelf.drop(lines, [lines[number - 1] for number in stay])

    do([letter for _, letter in found], away if drop else None)


def _of_topology(name: str, nimbus: str | None, do: Callable[..., None], *, drop: bool) -> None:
    from sferic.cluster.letters import drop as take_away  # noqa: PLC0415
    from sferic.cluster.letters import lots  # noqa: PLC0415

    with connected(nimbus) as connection:
        read: list[Lot] = lots(connection, name)

        def away(stay: Sequence[int]) -> int:
            connection.reconnect()  # a replay may have taken longer than Nimbus waits
            return take_away(connection, read, stay)

        do([letter for lot in read for letter in lot.letters], away if drop else None)


def _show(letters: "list[Letter]", number: int | None, *, as_json: bool) -> None:
    from sferic.runtime.letters import table, whole  # noqa: PLC0415

    if number is not None:
        if number > len(letters):
            raise WrongInput([Problem(f"there is no dead letter {number}, there are {len(letters)}")])
        one = letters[number - 1]
        for line in [json.dumps(asdict(one))] if as_json else whole(one, number):
            click.echo(line)
    elif as_json:
        for letter in letters:
            click.echo(json.dumps(asdict(letter)))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
        for line in table(letters, width):
            click.echo(line)


def _replay(
    letters: "list[Letter]",
    how: _Replay,
    run: Callable[..., None],
    away: Callable[[Sequence[int]], int] | None,
) -> None:
    from sferic.replay import replay  # noqa: PLC0415

    loaded = read_workflow(how.workflow, how.params)
    if loaded.problems:
        raise WrongInput(loaded.problems)
    again = replay(loaded.graph, letters, trusted=how.codec == "trusted")
    for line in again.left:
        click.echo(f"left out: {line}", err=True)
    if how.topology is not None and not how.as_json:
        items, where = f"{again.items} item{'s' * (again.items != 1)}", how.results or "stdout"
        tell(f"{items} to new instances on this machine: results go to {where}, and nothing to {how.topology}")
    compiled = compile_plan(again.graph, Options(codec=how.codec, on_failure="dead-letter"), None)  # pyright: ignore[reportArgumentType]
    try:
        run(
            compiled,
            "local",
            loaded.root,
            how.results,
            how.dead_letters,
            as_json=how.as_json,
            keep="--dead-letters ANOTHER_FILE",
        )
    except SystemExit as end:
        if away is not None:
            if end.code in (0, ITEMS_FAILED):
                tell(f"{away(again.left_numbers)} dead letters that were given again are dropped")
            else:
                tell("the dead letters stay where they are")
        raise

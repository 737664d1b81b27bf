"""`submit`: a workflow on a cluster of Storm's or of Spark's, where it stays when the command is over."""

import json
import os
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sferic import __version__
from sferic.commands.connection import NIMBUS, connected, tell
from sferic.commands.kept import KEPT, limits
from sferic.commands.options import JSON, PLANNED, WORKFLOW, on_failure, taking
from sferic.commands.packing import PACKING, imported_by, packages_of, request_of
from sferic.commands.sizes import SIZES, asked_of
from sferic.commands.streaming import STREAMING, spark_of
from sferic.compiler.diagnostics import Problem, WrongInput

if TYPE_CHECKING:
    from sferic.compiler.pipeline import Compiled, Options
    from sferic.compiler.targets.storm import StormArtefact

PYTHON = click.option(
    "--python",
    metavar="PATH",
    help="The workers' interpreter.  [default: this one on a cluster of this machine, elsewhere python3]",
)

NAMED = click.option("--name", required=True, help="The topology's name.")

FRESH = click.option("--fresh", is_flag=True, help="Sources begin anew, wherever the last one of this name was.")

SUBMITTED = (
    *PLANNED,
    *PACKING,
    *SIZES,
    *KEPT,
    PYTHON,
    on_failure("dead-letter"),
)

Compile = Callable[[str, str, dict[str, Any]], "tuple[Compiled, Options]"]

TO = click.option("--to", "target", type=click.Choice(["storm", "spark"]), default="storm", show_default=True)
MASTER = click.option(
    "--master",
    metavar="URL",
    help="Spark's, as spark://HOST:PORT.  [default: the cluster that `sferic cluster up --spark` started]",
)
_OURS = {"spark.master": "--master", "spark.app.name": "--name", "spark.pyspark.python": "--python"}
CONF = click.option("--conf", multiple=True, metavar="KEY=VALUE", help="A setting of Spark's, passed on.")


def submit_command(compile_workflow: Compile) -> click.Command:
    """`submit`, of what compiles a workflow."""

    def submit(workflow: str, name: str, target: str, *, as_json: bool, **given: Any) -> None:
        """Compile a workflow and start it on a cluster, where it stays when this command is over.

        On Spark the driver stays on this machine, beside a process that starts it again when it dies.
        """
        if target == "storm":
            _refuse(given, ("master", "conf"), "spark")
            spark_of(given, target, option="--to")
            _topology(compile_workflow, workflow, name, as_json=as_json, given=given)
        else:
            _refuse(given, ("nimbus", "keep_results", "keep_letters"), "storm")
            asked_of(given, target)
            _job(compile_workflow, workflow, name, as_json=as_json, given=given)

    own = (WORKFLOW, TO, NAMED, FRESH, *SUBMITTED, *STREAMING, MASTER, CONF, NIMBUS, JSON)
    return click.command("submit")(taking(*own)(submit))


def _refuse(given: Mapping[str, Any], options: tuple[str, ...], target: str) -> None:
    for option in options:
        if given[option] not in (None, ()):
            text = f"--{option.replace('_', '-')} is for {target.capitalize()}"
            raise WrongInput([Problem(text, remedy=f"say --to {target}, or leave it out")])


def _topology(compile_workflow: Compile, workflow: str, name: str, *, as_json: bool, given: dict[str, Any]) -> None:
    from sferic.cluster.busy import refuse_if_busy  # noqa: PLC0415 - only who operates needs it
    from sferic.cluster.submission import submit as send  # noqa: PLC0415

    nimbus = given["nimbus"]
    with made(compile_workflow, workflow, name, nimbus, given) as (artefact, root), connected(nimbus) as connection:
        refuse_if_busy(connection, name)
        topology = send(artefact, root, connection, __version__, fresh=given["fresh"], tell=tell)
        place = str(connection.address)
    if as_json:
        click.echo(json.dumps({"name": name, "id": topology, "nimbus": place}))
    else:
        click.echo(f"{name} is submitted to {place} as {topology}. To see it: sferic status {name}")


@contextmanager
def made(
    compile_workflow: Compile, workflow: str, name: str, nimbus: str | None, given: dict[str, Any]
) -> Generator[tuple["StormArtefact", Path]]:
    """(the artefact that the options of SUBMITTED ask for, the folder of its files)."""
    from sferic.cluster.workers import check_interpreter  # noqa: PLC0415 - only who operates needs it
    from sferic.compiler.resources import resources  # noqa: PLC0415
    from sferic.compiler.targets.storm import interpreter, make_artefact  # noqa: PLC0415

    compiled, options = compile_workflow(workflow, "storm", given)
    here = nimbus is None and "SFERIC_NIMBUS" not in os.environ
    root, request = Path(options.root), request_of(given)
    chosen = given["python"] or interpreter(request and request.for_python, here=here)
    if here:
        check_interpreter(chosen, request, imported_by(options))
    needs = resources(compiled.plan, asked_of(given))
    with packages_of(request, options, tell) as packages:
        artefact = make_artefact(
            compiled.plan, root, name=name, python=chosen, version=__version__, needs=needs, packages=packages
        )
        yield replace(artefact, config={**artefact.config, **limits(given)}), root


def _job(compile_workflow: Compile, workflow: str, name: str, *, as_json: bool, given: dict[str, Any]) -> None:
    import sferic.runtime  # noqa: PLC0415
    from sferic.cluster.jobs import Asked, job_of  # noqa: PLC0415 - only who operates needs it
    from sferic.cluster.spark_submission import new_mark, place_of, refuse_if_there, submit, waits  # noqa: PLC0415
    from sferic.compiler.rebuild import rebuild  # noqa: PLC0415
    from sferic.compiler.targets.spark import make_artefact, worker_files  # noqa: PLC0415

    spark, conf = spark_of(given, "spark"), _conf(given["conf"])
    compiled, options = compile_workflow(workflow, "spark", given)
    root, runtime = Path(options.root), Path(sferic.runtime.__file__).parent
    with packages_of(request_of(given), options, tell) as packages:
        artefact = make_artefact(
            compiled.plan, root, name=name, version=__version__, mode=spark.mode, packages=packages
        )
        spark_of({**given, "mode": artefact.mode}, "spark")
        job = job_of(name)
        refuse_if_there(job, artefact.mode, _absolute(spark.checkpoint), fresh=given["fresh"])
        place = place_of(given["master"])
        if artefact.mode == "dstream" and spark.checkpoint is None and not place.here:
            text = f"a stream on {place.url} keeps itself in a folder that all its machines see"
            raise WrongInput([Problem(text, remedy="say which: --checkpoint FOLDER")])
        rebuild(compiled.plan.definition, root, worker_files(artefact, runtime))
        asked = Asked(
            name=name,
            mode=artefact.mode,
            master=place.url,
            development=place.development,
            python=given["python"] or (sys.executable if place.here else "python3"),
            conf=conf,
            interval=given["interval"],
            checkpoint=_absolute(spark.checkpoint),
            submitted=time.time(),
            version=__version__,
            plan=compiled.plan.digest(),
            mark=new_mark(),
        )
        try:
            state = submit(artefact, job, asked, place, runtime, tell, fresh=given["fresh"])
        except KeyboardInterrupt:
            if job.known:
                tell(f"{name} goes on without this command: sferic status {name}")
            raise
    if waiting := waits(job):
        tell(f"{name}: {waiting}")
    app = state.status.get("app")
    if as_json:
        click.echo(json.dumps({"name": name, "id": app, "master": place.url}))
    else:
        click.echo(f"{name} is submitted to {place.url} as {app}. To see it: sferic status {name}")


def _conf(given: tuple[str, ...]) -> dict[str, str]:
    """Spark's settings. The master and what travels are not among them."""
    conf: dict[str, str] = {}
    for one in given:
        key, equals, value = one.partition("=")
        if not equals or not key.startswith("spark."):
            text = f"--conf {one}: no setting of Spark's"
            raise WrongInput([Problem(text, remedy="write --conf spark.KEY=VALUE")])
        if key in _OURS:
            raise WrongInput([Problem(f"--conf {key}: {_OURS[key]} says that", remedy=f"use {_OURS[key]}")])
        conf[key] = value
    return conf


def _absolute(checkpoint: str | None) -> str | None:
    """A folder of this machine from here, since its driver runs elsewhere."""
    return checkpoint if checkpoint is None or "://" in checkpoint else str(Path(checkpoint).absolute())

"""The options that say what third-party packages travel with a workflow, and what they stand for."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.packages import Imported, Packages, third_party
from sferic.compiler.pipeline import Options

if TYPE_CHECKING:
    from sferic.cluster.packing import Request

PACKING = (
    click.option("--pack", is_flag=True, help="Let the packages that the workflow imports travel with it."),
    click.option(
        "--requirements",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Pack these, too, as pip reads the file.",
    ),
    click.option("--platform", help="What they are packed for.  [default: linux_x86_64]"),
    click.option("--python-version", metavar="3.N", help="The workers' Python.  [default: this one's]"),
)


def request_of(given: Mapping[str, Any]) -> "Request | None":
    """What the options ask for, if anything."""
    from sferic.cluster.packing import Request  # noqa: PLC0415 - only who packs needs it

    if not given["pack"] and given["requirements"] is None:
        for option in ("platform", "python_version"):
            if given[option] is not None:
                text = f"--{option.replace('_', '-')} says what is to be packed for, and nothing is"
                raise WrongInput([Problem(text, remedy="add --pack, or leave it out")])
        return None
    return Request(given["requirements"], given["platform"] or "", given["python_version"] or "")


def imported_by(options: Options) -> list[Imported]:
    """What the files of a workflow import of third parties."""
    return third_party(Path(options.root), [path for path, _ in options.files], uses(options))


def uses(options: Options) -> list[str]:
    """The modules that a file of YAML names."""
    if options.resolved is None:
        return []
    named = [one["use"] for one in options.resolved["pes"]]
    named += [one["function"] for one in options.resolved["connections"]]
    return [name for name in named if name and not name.partition(":")[0].endswith(".py")]


@contextmanager
def packages_of(request: "Request | None", options: Options, tell: Callable[[str], None]) -> Generator[Packages | None]:
    """What is packed, while the block lasts; None where nothing is to be."""
    if request is None:
        yield None
        return
    from sferic.cluster.packing import packed  # noqa: PLC0415

    with packed(request, imported_by(options), tell) as found:
        yield found

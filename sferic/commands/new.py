"""`sferic new`: a small working project to begin with."""

import re
import sys
from importlib import resources
from pathlib import Path

import click

from sferic.compiler.diagnostics import Problem, WrongInput

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,60}")
_TAKEN = {*sys.stdlib_module_names, "pytest", "sferic", "test", "tests"}  # a module of such a name would hide the other


@click.command()
@click.argument("name", metavar="NAME")
def new(name: str) -> None:
    """Write a small working project, with a test, to the folder NAME."""
    module = name.replace("-", "_").lower()
    if not _NAME.fullmatch(name) or module in _TAKEN:
        remedy = "use letters, digits, - and _, beginning with a letter, and no name of a module that is there already"
        raise WrongInput([Problem(f"{name!r} is no name for a project", remedy=remedy)])
    folder = Path(name)
    try:
        folder.mkdir()
        for kind in sorted(resources.files("sferic.templates").joinpath("new").iterdir(), key=lambda one: one.name):
            if kind.is_file():
                text = kind.read_text(encoding="utf-8").replace("PROJECT", name).replace("MODULE", module)
                (folder / kind.name.replace("workflow", module)).write_text(text, encoding="utf-8")
    except FileExistsError as error:
        raise WrongInput([Problem(f"{folder} is there already", remedy="name another folder")]) from error
    except OSError as error:
        raise WrongInput([Problem(f"{folder} cannot be written ({error.strerror})")]) from error
    click.echo(f"{folder}: {', '.join(sorted(path.name for path in folder.iterdir()))}")
    click.echo(f"Next: cd {folder}; sferic run {module}.py; the README says more")

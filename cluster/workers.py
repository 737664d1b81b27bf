"""Whether the interpreter of the workers will do, where it is on this machine."""

import os
import subprocess
from collections.abc import Sequence

import sferic.runtime.start as first
from sferic.cluster.errors import OperationError
from sferic.cluster.packing import Request
from sferic.compiler.packages import Imported

_PATIENCE = 60.0  # seconds, of an interpreter that says nothing


class InterpreterUnfit(OperationError):  # noqa: N818 - names the situation
    """Workers could not run with it; the text says why and what to do."""


def check_interpreter(python: str, request: Request | None, imported: Sequence[Imported]) -> None:
    """Ask it what a worker will ask at its start. `request`: what will be packed. Raises InterpreterUnfit."""
    if request is not None:
        asked = ["--packed", request.for_python, request.for_platform]
    else:
        asked = sorted({one.top for one in imported if not one.optional})
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run(
            [python, first.__file__, "--check", *asked],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InterpreterUnfit(
            f"{python} cannot be started as the workers' interpreter: {error}. Name another: --python PATH"
        ) from error
    wrong = done.stdout.strip() if done.returncode == 0 else f"{python} is no Python: it said {done.stderr[-500:]!r}"
    if wrong:
        raise InterpreterUnfit(wrong)

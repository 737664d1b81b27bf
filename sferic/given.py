"""The inputs of a run as the command line gives them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sferic.compiler.diagnostics import Problem, WrongInput
from sferic.compiler.inputs import Inputs

_DEEPEST = 200  # levels of a run's inputs; items themselves have 255 at most
_INPUTS = 'write {"PE": [{"port": item}, …]}'


def inputs_of(given: Mapping[str, Any]) -> Inputs:
    """What `calls`, `data` (text of JSON) or `data_file` say; WrongInput for more than one, or for no input."""
    said = [option for option in ("calls", "data", "data_file") if given.get(option) is not None]
    if len(said) > 1:
        raise WrongInput([Problem("-i, -d and -f exclude each other", remedy="give one of them")])
    text = given.get("data")
    if given.get("data_file") is not None:
        text = _text_of(Path(given["data_file"]))
    if text is None:
        return given.get("calls")
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise WrongInput([_too_deep()]) from error
    except ValueError as error:  # not JSON, or a number of thousands of digits
        raise WrongInput([Problem(f"the inputs are not JSON: {error}", remedy=_INPUTS)]) from error
    if _depth(data) > _DEEPEST:
        raise WrongInput([_too_deep()])
    if not isinstance(data, dict):
        raise WrongInput([Problem("the inputs are no JSON object", remedy=_INPUTS)])
    return data  # pyright: ignore[reportUnknownVariableType]


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError) as error:
        raise WrongInput([Problem(f"-f {path}: not a text of JSON ({error})", remedy=_INPUTS)]) from error


def _too_deep() -> Problem:
    return Problem(f"the inputs are nested more than {_DEEPEST} levels deep", remedy="make items flatter")


def _depth(data: Any) -> int:
    depth, level = 0, [data]
    while level:
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, (dict, list))]  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] - anything that JSON holds
        depth, level = depth + 1, [value for one in inner for value in one]  # pyright: ignore[reportUnknownVariableType]
    return depth

"""Puts a workflow's parameters in the place of ``${name}`` in its data. ``$${`` stands for ``${``."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sferic.compiler.diagnostics import nearest

_REFERENCE = re.compile(r"\$(\$?)\{([^{}]*)\}")
Tell = Callable[[str, tuple[str | int, ...], str], None]


def fill(data: dict[str, Any], values: Mapping[str, Any], tell: Tell) -> None:
    """In place, everywhere but among the parameters. A text that is one reference becomes the parameter's value, with
    its type; in a longer one its text is put in. `tell` gets what is wrong: text, path, remedy."""
    for key in data.keys() - {"parameters"}:
        data[key] = _filled(data[key], values, (key,), tell)


def _filled(value: Any, values: Mapping[str, Any], path: tuple[str | int, ...], tell: Tell) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, values, (*path, key), tell) for key, one in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - as YAML has it
    if isinstance(value, list):
        return [_filled(one, values, (*path, index), tell) for index, one in enumerate(value)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if not isinstance(value, str) or "${" not in value:
        return value

    def known(name: str) -> Any:
        if name not in values:
            tell(f"there is no parameter {name!r}", path, nearest(name, values))
        return values.get(name)

    whole = _REFERENCE.fullmatch(value)
    if whole is not None and not whole[1]:
        return known(whole[2])
    return _REFERENCE.sub(lambda found: f"${{{found[2]}}}" if found[1] else str(known(found[2])), value)

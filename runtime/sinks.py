"""Sinks that come with the product: files in a folder, and stdout."""

import json
import os
from pathlib import Path, PurePosixPath
from typing import Any, cast

from sferic.runtime.pe import ConsumerPE


class Files(ConsumerPE):
    """Writes each item, ``(name, content)``, as the file `name` below a folder.

    `content` is written as it is if bytes, as UTF-8 if str, as JSON otherwise. A file is whole or not there, on the
    disk before the item counts as processed. The name says which file an item is, so that one that comes again after
    a failure writes the same file again: let names and contents follow from the data (never from a clock or a
    counter), and each name come from one instance (group by the name: ``grouping=[0]``, the default here).
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        super().__init__()
        self.inputconnections[self.INPUT_NAME]["grouping"] = [0]
        self.folder = os.fspath(folder)

    def _process(self, inputs: Any) -> None:
        name, content = _named(inputs)
        target = Path(self.folder) / _safe(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{self.rank}.part")
        try:
            with part.open("wb") as file:
                file.write(_as_bytes(content))
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


class Stdout(ConsumerPE):
    """Prints each item on a line: shown by `run` with the PE's name, in the worker's log on a cluster."""

    stateless = True

    def _process(self, inputs: Any) -> None:
        print(inputs)  # noqa: T201 - what it is for


def _named(item: Any) -> tuple[str, Any]:
    if isinstance(item, (tuple, list)):
        parts = cast(list[Any], item)
        if len(parts) == 2 and isinstance(parts[0], str):
            return parts[0], parts[1]
    kind = type(cast(object, item)).__name__
    raise TypeError(f"Files takes items of the form (name, content), not {kind}: {item!r:.80}")


def _safe(name: str) -> PurePosixPath:
    """`name` as a path that stays below the folder."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise ValueError(f"{name!r} is no name for a file below the folder")
    return path


def _as_bytes(content: Any) -> bytes:
    if isinstance(content, (bytes, bytearray, memoryview)):
        return bytes(cast(bytes, content))
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False) + "\n"
    return text.encode()

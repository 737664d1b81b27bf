"""What artefacts are made of, whatever their target."""

import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

_PUBLIC = (
    "__init__",
    "aggregates",
    "api",
    "compat/__init__",
    "compat/dispel4py",
    "launch",
    "report",
    "sinks",
    "sources",
)
_TIME = (1980, 1, 1, 0, 0, 0)


def runtime_files(runtime: Path) -> dict[str, bytes]:
    """What users' modules may import of ours, by path. `runtime`: the folder of the runtime package."""
    package = runtime.parent
    ours = [package / f"{name}.py" for name in _PUBLIC]
    ours += [path for room in (runtime, package / "compiler") for path in room.rglob("*.py")]
    files = {f"sferic/{path.relative_to(package).as_posix()}": path for path in ours if "shim" not in path.parts}
    return {name: files[name].read_bytes() for name in sorted(files)}


def write_archive(path: Path, entries: Mapping[str, bytes], tree: tuple[PurePosixPath, Path] | None = None) -> None:
    """A zip with the same bytes for the same entries. `tree`: where in it all files of a folder go."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(entries):
            _add(archive, name, entries[name])
        if tree is not None:
            for file in sorted(tree[1].rglob("*")):
                if file.is_file():
                    _add(archive, (tree[0] / file.relative_to(tree[1])).as_posix(), file.read_bytes())


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data)

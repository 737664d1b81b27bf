"""Wheels that tests write themselves, so that packing needs no network."""

import csv
import io
import zipfile
from importlib import metadata


def wheel(folder, name, version, files, tag="py3-none-any", requires=()):
    """A wheel of these files, by path; its path. Entries of `files` may be ZipInfo, for what is odd about them."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-{tag}.whl"
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    pure = str(tag.endswith("-any")).lower()
    whole = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {pure}\nTag: {tag}\n",
    }
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    for entry in [*whole, f"{info}/RECORD"]:
        rows.writerow([getattr(entry, "filename", entry), "", ""])
    with zipfile.ZipFile(path, "w") as archive:
        for entry, data in whole.items():
            archive.writestr(entry, data)
        archive.writestr(f"{info}/RECORD", record.getvalue())
    return path


def repacked(folder, name):
    """A wheel of what is installed here under this name."""
    one = metadata.distribution(name)
    said = one.read_text("WHEEL")
    tag = next(line.partition(": ")[2] for line in said.splitlines() if line.startswith("Tag: "))
    info = f"{one.metadata['Name'].lower()}-{one.version}.dist-info"
    files = {
        str(file): file.locate().read_bytes()
        for file in one.files
        if ".dist-info" not in str(file) and "__pycache__" not in str(file) and not str(file).startswith("..")
    }
    assert info
    return wheel(folder, one.metadata["Name"].lower(), one.version, files, tag)

"""The shim's jar: the one the package carries, or built once from its sources."""

import hashlib
import subprocess
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import sferic.runtime.storm
from sferic.cluster.cache import cache_folder
from sferic.cluster.jars import STORM_VERSION, compiler_jar, storm_jars
from sferic.cluster.java import Java, find_java

_FOLDER = Path(sferic.runtime.storm.__file__).parent
_TIME = (1980, 1, 1, 0, 0, 0)


class ShimError(RuntimeError):
    """The shim did not compile; the text is the compiler's."""


def shim_jar() -> Path:
    """Path of the jar with the shim's classes."""
    carried = _FOLDER / "shim.jar"
    if carried.is_file():
        return carried
    root = _FOLDER / "shim" / "src" / "main" / "java"
    sources = sorted(root.rglob("*.java"))
    digest = hashlib.sha256(STORM_VERSION.encode())
    for source in sources:
        digest.update(source.relative_to(root).as_posix().encode() + b"\0" + source.read_bytes())
    jar = cache_folder("shim") / f"shim-{digest.hexdigest()[:16]}.jar"
    if not jar.is_file():
        build(find_java(), sources, storm_jars(), jar)
    return jar


def build(java: Java, sources: Sequence[Path], class_path: Sequence[Path], jar: Path) -> None:
    """Compile `sources` to `jar`, with javac or, where there is none, the Eclipse compiler."""
    with tempfile.TemporaryDirectory(prefix="sferic-shim-") as folder:
        classes = Path(folder) / "classes"
        joined = ":".join(map(str, class_path))
        if java.compiler is not None:
            command = [
                str(java.compiler),
                "-Xlint:all,-classfile,-processing,-path",
                "-Werror",
                "--release",
                "17",
            ]
        else:
            command = [str(java.path), "-jar", str(compiler_jar()), "-17", "-nowarn"]
        command += ["-encoding", "UTF-8", "-cp", joined, "-d", str(classes), *map(str, sources)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ShimError(f"the shim does not compile:\n{done.stdout}{done.stderr}")
        part = Path(folder) / "shim.jar"
        _pack(classes, part)
        jar.with_suffix(".part").write_bytes(part.read_bytes())
        jar.with_suffix(".part").replace(jar)


def _pack(classes: Path, jar: Path) -> None:
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(classes.rglob("*.class")):
            entry = zipfile.ZipInfo(path.relative_to(classes).as_posix(), _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())


def main() -> None:
    """`python -m sferic.cluster.shim`: compile the sources with all warnings on, as errors."""
    with tempfile.TemporaryDirectory() as folder:
        sources = sorted((_FOLDER / "shim" / "src" / "main" / "java").rglob("*.java"))
        build(find_java(), sources, storm_jars(), Path(folder) / "shim.jar")


if __name__ == "__main__":
    main()

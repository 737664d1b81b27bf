"""The shim's jar: the one the package carries, or built once from its sources."""

import hashlib
import subprocess
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import sferic.runtime.storm
from sferic.cluster.cache import cache_folder
from sferic.cluster.errors import OperationError
from sferic.cluster.jars import STORM_VERSION, compiler_jar, storm_jars
from sferic.cluster.java import Java, find_java

_FOLDER = Path(sferic.runtime.storm.__file__).parent
_SOURCES = _FOLDER / "shim" / "src" / "main" / "java"
CARRIED = "shim.jar"
_TIME = (1980, 1, 1, 0, 0, 0)


class ShimError(OperationError):
    """The shim did not compile; the text is the compiler's."""


def shim_jar() -> Path:
    """Path of the jar with the shim's classes."""
    carried = _FOLDER / CARRIED
    return carried if carried.is_file() else built_jar(_SOURCES)


def sources() -> list[Path]:
    """The shim's Java files."""
    return sorted(_SOURCES.rglob("*.java"))


def ready() -> bool:
    """Is the jar there, so that nothing has to be compiled?"""
    return (_FOLDER / CARRIED).is_file() or _place(_SOURCES).is_file()


def built_jar(root: Path) -> Path:
    """The jar of the sources below `root`, from the cache or compiled now."""
    jar = _place(root)
    if not jar.is_file():
        build(find_java(), sorted(root.rglob("*.java")), storm_jars(), jar)
    return jar


def _place(root: Path) -> Path:
    digest = hashlib.sha256(STORM_VERSION.encode())
    for source in sorted(root.rglob("*.java")):
        text = source.read_bytes()
        digest.update(f"\0{source.relative_to(root).as_posix()}\0{len(text)}\0".encode() + text)
    return cache_folder("shim") / f"shim-{digest.hexdigest()[:16]}.jar"


def build(java: Java, files: Sequence[Path], class_path: Sequence[Path], jar: Path) -> None:
    """Compile `files` to `jar`, with javac or, where there is none, the Eclipse compiler."""
    # Beside the jar: the last step is a rename, and two processes that build do not meet.
    with tempfile.TemporaryDirectory(prefix=".build-", dir=jar.parent) as folder:
        classes = Path(folder) / "classes"
        command = [*_compiler(java), "-encoding", "UTF-8", "-cp", ":".join(map(str, class_path)), "-d", str(classes)]
        done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ShimError(f"the shim does not compile:\n{done.stdout}{done.stderr}")
        part = Path(folder) / "shim.jar"
        _pack(classes, part)
        part.replace(jar)


def _compiler(java: Java) -> list[str]:
    if java.compiler is not None:
        return [str(java.compiler), "-Xlint:all,-classfile,-processing,-path", "-Werror", "--release", "17"]
    return [str(java.path), "-jar", str(compiler_jar()), "-17", "-nowarn"]


def _pack(classes: Path, jar: Path) -> None:
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(classes.rglob("*.class")):
            entry = zipfile.ZipInfo(path.relative_to(classes).as_posix(), _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())


def main() -> None:
    """`python -m sferic.cluster.shim`: compile the sources with all warnings on, as errors."""
    with tempfile.TemporaryDirectory() as folder:
        build(find_java(), sources(), storm_jars(), Path(folder) / "shim.jar")


if __name__ == "__main__":
    main()

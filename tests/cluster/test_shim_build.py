"""Builds a tiny source tree. With a JDK no network is needed; without one the Eclipse compiler is fetched, as for users."""

import json
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sferic.cluster import shim
from sferic.cluster.java import Java, find_java

HELLO = """package sferic;

public final class Hello {
    private Hello() {
    }

    public static void main(String[] arguments) {
        System.out.println(Words.of("hello"));
    }
}
"""
WORDS = """package sferic;

final class Words {
    private Words() {
    }

    static String of(String text) {
        return text + ", \\u00e9t\\u00e9: é";
    }
}
"""


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """A tree of two classes that need nothing of Storm, and an empty cache for what is built."""
    root = tmp_path / "java"
    (root / "sferic").mkdir(parents=True)
    (root / "sferic" / "Hello.java").write_text(HELLO, encoding="utf-8")
    (root / "sferic" / "Words.java").write_text(WORDS, encoding="utf-8")
    (tmp_path / "cache").mkdir()
    monkeypatch.setattr(shim, "storm_jars", list)
    monkeypatch.setattr(shim, "cache_folder", lambda part: tmp_path / "cache")
    return root


@pytest.fixture
def builds(monkeypatch):
    """The jars that were really built."""
    made = []
    real = shim.build

    def build(java, files, class_path, jar):
        made.append(jar)
        real(java, files, class_path, jar)

    monkeypatch.setattr(shim, "build", build)
    return made


def test_the_jar_runs(sources):
    jar = shim.built_jar(sources)
    command = [find_java().path, "-Dfile.encoding=UTF-8", "-cp", jar, "sferic.Hello"]
    said = subprocess.run(command, capture_output=True, check=True).stdout
    assert said.decode().strip() == "hello, été: é"


def test_a_second_start_builds_nothing(sources, builds):
    assert shim.built_jar(sources) == shim.built_jar(sources)
    assert len(builds) == 1


@pytest.mark.parametrize("change", ["text", "name", "more"])
def test_other_sources_make_another_jar(sources, builds, change):
    first = shim.built_jar(sources)
    words = sources / "sferic" / "Words.java"
    if change == "text":
        words.write_text(WORDS + "// changed\n", encoding="utf-8")
    elif change == "name":
        (sources / "moved").mkdir()
        words.rename(sources / "moved" / "Words.java")
    else:
        (sources / "sferic" / "More.java").write_text("package sferic;\n\nfinal class More {\n}\n")
    assert shim.built_jar(sources) != first
    assert len(builds) == 2


def test_another_version_of_storm_makes_another_jar(sources, builds, monkeypatch):
    first = shim.built_jar(sources)
    monkeypatch.setattr(shim, "STORM_VERSION", "9.9.9")
    assert shim.built_jar(sources) != first


def test_the_same_sources_give_the_same_bytes(sources, tmp_path):
    files = sorted(sources.rglob("*.java"))
    for name, order in (("one", files), ("two", files[::-1])):
        (tmp_path / name).mkdir()
        shim.build(find_java(), order, [], tmp_path / name / "shim.jar")
    assert (tmp_path / "one" / "shim.jar").read_bytes() == (tmp_path / "two" / "shim.jar").read_bytes()
    with zipfile.ZipFile(tmp_path / "one" / "shim.jar") as archive:
        assert archive.namelist() == ["sferic/Hello.class", "sferic/Words.class"]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_an_error_shows_file_line_and_what_the_compiler_says(sources, tmp_path):
    (sources / "sferic" / "Words.java").write_text(WORDS.replace("text +", "txet +"), encoding="utf-8")
    with pytest.raises(shim.ShimError) as caught:
        shim.built_jar(sources)
    assert "Words.java" in str(caught.value)
    assert "txet" in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_two_builds_at_once_end_with_one_whole_jar(sources, monkeypatch):
    both, pack = threading.Barrier(2, timeout=60), shim._pack

    def pack_together(classes, jar):
        pack(classes, jar)
        both.wait()

    monkeypatch.setattr(shim, "_pack", pack_together)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: shim.built_jar(sources), range(2))
    assert first == second
    with zipfile.ZipFile(first) as archive:
        assert archive.testzip() is None
    assert [path.name for path in first.parent.iterdir()] == [first.name]


RECORDER = """#!{python}
import json, pathlib, sys
pathlib.Path({record!r}).write_text(json.dumps(sys.argv[1:]))
folder = pathlib.Path(sys.argv[sys.argv.index("-d") + 1])
folder.mkdir()
(folder / "Made.class").write_bytes(b"class")
"""


def test_without_javac_the_eclipse_compiler_is_run(sources, tmp_path, monkeypatch):
    record = tmp_path / "record.json"
    java = tmp_path / "java-without-compiler"
    java.write_text(RECORDER.format(python=sys.executable, record=str(record)))
    java.chmod(0o755)
    monkeypatch.setattr(shim, "compiler_jar", lambda: Path("/somewhere/ecj.jar"))
    files = sorted(sources.rglob("*.java"))
    shim.build(Java(java, 17, None), files, [Path("/a.jar"), Path("/b.jar")], tmp_path / "cache" / "shim.jar")
    said = json.loads(record.read_text())
    assert said[:2] == ["-jar", "/somewhere/ecj.jar"]
    assert "-17" in said
    assert said[said.index("-cp") + 1] == "/a.jar:/b.jar"
    assert said[-2:] == [str(file) for file in files]
    with zipfile.ZipFile(tmp_path / "cache" / "shim.jar") as archive:
        assert archive.namelist() == ["Made.class"]


def test_a_carried_jar_is_used_as_it_is(sources, builds, tmp_path, monkeypatch):
    monkeypatch.setattr(shim, "_FOLDER", tmp_path)
    (tmp_path / shim.CARRIED).write_bytes(b"jar")
    assert shim.shim_jar() == tmp_path / shim.CARRIED
    assert shim.ready()
    assert builds == []

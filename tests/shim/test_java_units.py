"""The shim's own tests, in Java: compiled as the product compiles the shim, run by JUnit's console, a JVM a class.

JUnit is one jar, pinned in junit.json beside this file and fetched into the cache as Storm's are; no run of a workflow
and no wheel has it. Written by:
python -m sferic.cluster.pin tests/shim/junit.json org.junit.platform:junit-platform-console-standalone:1.11.4
"""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import sferic.runtime.storm
from sferic.cluster import shim
from sferic.cluster.cache import cache_folder
from sferic.cluster.jars import fetch, pinned, storm_jars
from sferic.cluster.java import find_java

SHIM = Path(sferic.runtime.storm.__file__).resolve().parent / "shim"
SOURCES = SHIM / "src"
CLASSES = sorted(path.stem for path in (SOURCES / "test" / "java").rglob("*Test.java"))


@pytest.fixture(scope="module")
def class_path(tmp_path_factory):
    """Shim and tests, compiled together with all of javac's warnings as errors; JUnit and Storm."""
    jar = tmp_path_factory.mktemp("shim") / "tests.jar"
    others = [*fetch(pinned(Path(__file__).with_name("junit.json")), cache_folder("test-jars")), *storm_jars()]
    shim.build(find_java(), sorted(SOURCES.rglob("*.java")), others, jar)
    return ":".join(map(str, [jar, *others]))


@pytest.mark.timeout(600)  # the Java tests have limits of their own, a test: theirs are the ones to see
@pytest.mark.parametrize("name", CLASSES)
def test_class(name, class_path, tmp_path):
    command = [find_java().path, "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", class_path]
    command += ["org.junit.platform.console.ConsoleLauncher", "execute", f"--select-class=sferic.{name}"]
    command += ["--disable-banner", "--disable-ansi-colors", f"--reports-dir={tmp_path}"]
    python = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # the fake hosts are `python3`
    env = {**os.environ, "PATH": python}
    done = subprocess.run(command, cwd=SHIM, env=env, capture_output=True, text=True, check=False)
    cases = [case for path in tmp_path.glob("TEST-*.xml") for case in ElementTree.parse(path).iter("testcase")]
    broken = [case.get("name") for case in cases if case.find("failure") is not None or case.find("error") is not None]
    assert not broken and not done.returncode, f"{', '.join(map(str, broken))}\n{done.stdout}{done.stderr}"
    assert cases and all(case.find("skipped") is None for case in cases)

"""What a worker's process looks at before it is one."""

import ast
import json
import os
import struct
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from sferic.cluster.packing import Request
from sferic.cluster.workers import InterpreterUnfit, check_interpreter
from sferic.compiler.packages import Imported
from sferic.runtime import frames, start
from sferic.runtime.location import Location

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
HERE = f"{sys.platform}_{os.uname().machine}"
BARE = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """An interpreter that has nothing installed."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True)
    return str(folder / "bin" / "python")


def said(python, *arguments):
    """What such a process tells its supervisor."""
    command = [python, start.__file__, *arguments]
    done = subprocess.run(command, env=BARE, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    length, kind, flags, reserved = struct.unpack("<IBBH", done.stdout[:8])
    assert (kind, flags, reserved, length) == (frames.EVENT, 0, 0, len(done.stdout) - 8)
    assert (done.returncode, done.stderr) == (0, b"")
    event = json.loads(done.stdout[8:])
    assert (event["event"], event["kind"]) == ("error", "input"), "another process would be started"
    return event["text"]


def test_without_the_package_of_the_runtime(bare):
    told = said(bare)
    assert told.startswith(f"the workers' interpreter, {bare} on ")
    assert "lacks ormsgpack, which the runtime needs. Let it travel with the workflow (--pack)" in told


def test_packed_for_another_python_or_machine():
    told = said(sys.executable, "3.99", HERE)
    assert f"is Python {MINOR}, but the packages were packed for 3.99." in told
    assert told.endswith(f"or pack for it: --python-version {MINOR}")
    told = said(sys.executable, MINOR, "linux_vax")
    assert told.endswith(f"but the packages were packed for linux_vax. Pack for it: --platform {HERE}")


def test_a_package_that_cannot_be_loaded(bare, tmp_path):
    (tmp_path / "ormsgpack.py").write_text("raise ImportError('GLIBC_2.99 not found')")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv = ['']; exec(open({start.__file__!r}).read())"
    done = subprocess.run([bare, "-c", code], env=BARE, capture_output=True, check=False)
    assert b"cannot load ormsgpack, which the runtime needs: GLIBC_2.99 not found" in done.stdout


def test_an_old_python_can_read_it(monkeypatch):
    ast.parse(Path(start.__file__).read_text(), feature_version=(3, 6))
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    assert "is Python 3.9; workers need 3.11 or newer." in start.trouble([])


def unfit(python, request=None, *modules):
    imported = [Imported(name, Location("w.py", 1), optional=name == "may_lack") for name in modules]
    with pytest.raises(InterpreterUnfit) as caught:
        check_interpreter(python, request, imported)
    return str(caught.value)


def test_before_an_upload(bare, tmp_path):
    assert "lacks ormsgpack, which the runtime needs and wtforms." in unfit(bare, None, "wtforms.fields", "may_lack")
    assert "packed for 3.99" in unfit(bare, Request(python="3.99"))
    assert unfit(str(tmp_path / "none")).endswith("Name another: --python PATH")
    assert unfit("/bin/ls").startswith("/bin/ls is no Python: it said")
    check_interpreter(bare, Request(platform=HERE), [])
    check_interpreter(sys.executable, None, [Imported("wtforms", Location("w.py", 1))])

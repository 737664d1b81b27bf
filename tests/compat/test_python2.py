"""What Python 2 left in a file: each line that keeps it from loading is named, with the change that mends it."""

import ast
import subprocess
import sys

import pytest

from sferic.runtime.compat.python2 import advice
from sferic.runtime.loading import LoadingError, load_graph

BY_SYNTAX = [
    ('print "hello %s" % name', 'print("hello %s" % name)'),
    ('print "a", "b",', 'print("a", "b", end=" ")'),
    ('if name: print "x"  # why', 'if name: print("x")  # why'),
    ("raise ValueError, 'no'", "raise ValueError('no')"),
    ("raise ValueError, 'no', trace", "raise ValueError('no').with_traceback(trace)"),
    ("name = ur'\\d+'", "name = r'\\d+'"),
    ("name = `value` + 'x'", "name = repr(value) + 'x'"),
    ("exec 'x = 1'", "exec('x = 1')"),
    ("exec code in scope", "exec(code, scope)"),
    ("exec code in scope, local", "exec(code, scope, local)"),
    ("if name <> 3: name = 3", "if name != 3: name = 3"),
    ("mode = 0755", "mode = 0o755"),
    ("big = 10L + 0xffL", "big = 10 + 0xff"),
    ("both = lambda (a, b): a", "both = lambda pair: a  # a, b are pair[0], pair[1]"),
]


@pytest.mark.parametrize(("old", "new"), BY_SYNTAX, ids=str)
def test_a_line_is_named_with_its_change(tmp_path, old, new):
    file = tmp_path / "old.py"
    file.write_text(f"import sys\n\n{old}\nlast = 1\n")
    ast.parse(f"import sys\n\n{new}\nlast = 1\n")
    with pytest.raises(LoadingError) as error:
        load_graph("old.py", {}, tmp_path)
    assert f"{file}:3: Python 2: write  {new}" in str(error.value).splitlines()


def test_all_of_a_file_are_told_together(tmp_path):
    file = tmp_path / "old.py"
    file.write_text(
        "import sys\n"
        "try:\n"
        "    print 'x'\n"
        "    print\n"
        "except (IOError, OSError), error:\n"
        "    print >>sys.stderr, error\n"
        "    if error <> 077L: raise error, 'x'\n"
        "def f():\n"
        "\tif 1:\n"
        "\t    x = 1\n"
        "        return x\n"
    )
    with pytest.raises(LoadingError) as error:
        load_graph("old.py", {}, tmp_path)
    told = [line.removeprefix(f"{file}:") for line in str(error.value).splitlines() if ": Python 2: " in line]
    assert told == [
        "3: Python 2: write  print('x')",
        "4: Python 2: write  print()",
        "5: Python 2: write  except (IOError, OSError) as error:",
        "6: Python 2: write  print(error, file=sys.stderr)",
        "7: Python 2: write  if error != 0o77: raise error('x')",
        "11: Python 2: tabs and spaces are mixed; turn the file's tabs into 8 spaces (expand -i -t 8)",
    ]


@pytest.mark.parametrize(
    ("old", "said"),
    [
        ("numbers = xrange(3)", "in place of xrange write range"),
        ("text = unicode('x')", "in place of unicode write str"),
        ("pairs = {}.iteritems()", "in place of .iteritems write items"),
        ("known = {}.has_key(1)", "in place of .has_key write `key in …`"),
        ("import cStringIO", "the module cStringIO is now io"),
        ("from urllib import urlopen", "urlopen is now urllib.request.urlopen"),
        ("from itertools import izip", "izip is now the built-in zip"),
    ],
)
def test_a_name_that_is_gone(tmp_path, old, said):
    file = tmp_path / "gone.py"
    file.write_text(f"\n\n{old}\n")
    with pytest.raises(LoadingError) as error:
        load_graph("gone.py", {}, tmp_path)
    assert str(error.value).splitlines()[-1] == f"{file}:3: Python 2: {said}"


def test_a_name_that_is_gone_in_a_pe(tmp_path):
    (tmp_path / "late.py").write_text(
        "from dispel4py.base import ProducerPE\n"
        "from dispel4py.workflow_graph import WorkflowGraph\n"
        "class Numbers(ProducerPE):\n"
        "    def _process(self, inputs):\n"
        "        for number in xrange(3):\n"
        "            self.write('output', number)\n"
        "graph = WorkflowGraph()\n"
        "graph.add(Numbers())\n"
    )
    command = [sys.executable, "-m", "sferic.cli", "run", "late.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Python 2: in place of xrange write range" in done.stderr.splitlines()


def test_nothing_is_said_of_other_errors(tmp_path):
    file = tmp_path / "wrong.py"
    file.write_text("x = (1,\n")
    with pytest.raises(SyntaxError) as error:
        compile(file.read_text(), str(file), "exec")
    assert advice(error.value) == ""
    assert advice(NameError("name 'x' is not defined", name="x")) == ""


def test_a_module_beside_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    package = tmp_path / "seismo2"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "whiten_all.py").write_text("x = 1\n")
    (package / "prepare.py").write_text("\nfrom whiten_all import x\n")
    with pytest.raises(LoadingError) as error:
        load_graph("seismo2.prepare", {}, tmp_path)
    assert str(error.value).splitlines()[-1] == (
        f"{package / 'prepare.py'}:2: Python 2: whiten_all.py is beside this file: write `from . import whiten_all`, "
        "or `from .whiten_all import …`"
    )


@pytest.mark.parametrize("text", [b"name = 'Z\xfcrich'\n", b"# -*- coding: no-such -*-\nx = 1\n"])
def test_an_encoding(tmp_path, text):
    (tmp_path / "coded.py").write_bytes(text)
    with pytest.raises(LoadingError) as error:
        load_graph("coded.py", {}, tmp_path)
    assert f"{tmp_path / 'coded.py'}:1: not UTF-8: save it so, or name its encoding" in str(error.value)

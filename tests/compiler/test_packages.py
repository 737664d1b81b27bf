"""Which packages of third parties a workflow imports, found in its text."""

from sferic.compiler.packages import third_party

WORKFLOW = """
import json
import numpy as np
import scipy.linalg, os.path
from typing import TYPE_CHECKING
from dispel4py.base import IterativePE
from dispel4py.examples.other import thing
from sferic import ProducerPE
from . import sibling
import helper
import tools.deep
if TYPE_CHECKING:
    import pandas
try:
    import fast
except ImportError:
    import slow
try:
    import needed
except ValueError:
    pass


class Lazy(ProducerPE):
    def _process(self, inputs):
        import lazily
        import importlib
        importlib.import_module("by_name.inner")
        importlib.import_module(self.name)
"""


def test_what_is_imported_from_others_with_its_place(tmp_path):
    (tmp_path / "w.py").write_text(WORKFLOW)
    (tmp_path / "helper.py").write_text("import numpy\nimport fast\n")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "deep.py").write_text("import yaml.nodes\n")
    found = third_party(tmp_path, ["w.py", "helper.py", "tools/deep.py", "data/numbers.txt"])
    said = {one.module: (str(one.location).removeprefix(f"{tmp_path}/"), one.optional) for one in found}
    assert said == {
        "by_name.inner": ("w.py:28", False),
        "dispel4py.examples.other": ("w.py:7", False),
        "fast": ("helper.py:2", False),
        "lazily": ("w.py:26", False),
        "needed": ("w.py:19", False),
        "numpy": ("helper.py:1", False),
        "scipy.linalg": ("w.py:4", False),
        "slow": ("w.py:17", False),
        "yaml.nodes": ("tools/deep.py:1", False),
    }


def test_what_may_be_absent(tmp_path):
    (tmp_path / "w.py").write_text("try:\n    import fast\nexcept (OSError, ImportError):\n    fast = None\n")
    [one] = third_party(tmp_path, ["w.py"])
    assert (one.module, one.optional) == ("fast", True)


def test_what_a_file_of_yaml_names(tmp_path):
    (tmp_path / "own.py").write_text("")
    found = third_party(tmp_path, ["w.yaml", "own.py"], ["numpy.linalg:norm", "own:PE", "json:loads"])
    assert [one.module for one in found] == ["numpy.linalg"]

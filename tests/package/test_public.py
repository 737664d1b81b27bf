"""What the package offers, and that its rooms are met under one name only."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import sferic

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("cluster", "compiler", "runtime", "templates", "topologies")


def test_what_is_public():
    assert sferic.__all__ == [
        "CompositePE",
        "ConsumerPE",
        "GenericPE",
        "IterativePE",
        "ProducerPE",
        "Results",
        "SimpleFunctionPE",
        "Stream",
        "Workflow",
        "WorkflowFailed",
        "WorkflowGraph",
        "WrongInput",
        "__version__",
        "create_iterative_chain",
        "every",
        "load",
        "register",
        "run",
    ]


@pytest.mark.parametrize(
    "module", ["sferic", "sferic.aggregates", "sferic.compat.dispel4py", "sferic.sinks", "sferic.sources"]
)
def test_every_public_name_says_what_it_is(module):
    offered = importlib.import_module(module)
    for name in offered.__all__:
        found = getattr(offered, name)
        if name != "__version__":
            own = vars(found).get("__doc__") if isinstance(found, type) else found.__doc__
            assert own, f"{module}.{name} has no docstring of its own"
            assert inspect.getmodule(found).__name__.startswith("sferic.")


def test_a_name_that_there_is_not():
    with pytest.raises(AttributeError, match="'sferic' has no attribute 'nothing'"):
        sferic.nothing  # noqa: B018


def test_importing_the_base_classes_imports_no_compiler():
    shown = "import sys, sferic; sferic.GenericPE; print(sorted(m for m in sys.modules if m.startswith(('sferic.compiler', 'click'))))"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_no_top_level_package(room):
    assert (ROOT / room).is_dir()
    with pytest.raises(ModuleNotFoundError, match=rf"sferic\.{room}"):
        importlib.import_module(room)


def test_no_module_is_there_twice():
    for found in pkgutil.walk_packages(sferic.__path__, "sferic."):
        if ".topologies." not in found.name and ".shim" not in found.name:
            importlib.import_module(found.name)
    assert not [name for name in sys.modules if name.partition(".")[0] in ROOMS]
    files = [
        Path(module.__file__).resolve()
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] == "sferic" and getattr(module, "__file__", None)
    ]
    assert len(files) == len(set(files))

"""What all tests share: texts that are compared with files, and rewritten only when asked."""

import difflib
import os
import sys
from pathlib import Path

import pytest


class _Rooms:
    """Refuses the folders of this repository as top-level packages: their modules would exist twice."""

    names = ("cluster", "compiler", "runtime", "templates", "topologies")

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] in cls.names:
            raise ModuleNotFoundError(f"import it as sferic.{name}", name=name)


sys.meta_path.insert(0, _Rooms)

os.environ.pop("PYTHONUNBUFFERED", None)  # commands are started as users start them: their streams have buffers


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="Rewrite the expected texts; read the difference.")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items):
    """A file's tests stay in one process, and those on the one cluster: what they share is made once."""
    tests = Path(__file__).parent
    for item in items:
        place = item.path.relative_to(tests)
        together = place.parent if place.parent.name == "real" else place
        together = "spark" if "spark" in item.fixturenames else together
        item.add_marker(pytest.mark.xdist_group(str(together)))


@pytest.fixture
def golden(request):
    """`golden(path, text)` holds if the file has that text."""

    def compare(path, text):
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        expected = path.read_text().splitlines() if path.exists() else []
        difference = "\n".join(difflib.unified_diff(expected, text.splitlines(), str(path), "now", lineterm=""))
        assert not difference, f"(rewrite it with --update-golden)\n{difference}"

    return compare


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """The one Spark of a session; runs take it by themselves."""
    from sferic.cluster.local_spark import choose_java
    from sferic.runtime.spark.local import local_context

    choose_java()
    with local_context(tmp_path_factory.mktemp("spark")) as sc:
        yield sc

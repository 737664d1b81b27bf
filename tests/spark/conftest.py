"""A run on Spark that is watched: everything that happened in it, whatever became of it."""

import subprocess
import sys
import venv
from dataclasses import dataclass, field
from pathlib import Path

import pyspark
import pytest

from sferic.cli import main
from sferic.cluster import spark_development as development
from sferic.compiler.pipeline import Options, compile_plan
from sferic.launch import launch, pickled, with_reference
from sferic.runtime.observe import Outcome


class Never:
    requested = False


@dataclass
class Watched(Outcome):
    events: list = field(default_factory=list)

    def event(self, event):
        super().event(event)
        self.events.append(event)

    def told(self, kind):
        return [event for event in self.events if event["event"] == kind]


@pytest.fixture
def watch(spark, tmp_path):
    """Runs a graph, every PE a stage of its own, and returns what happened."""

    def watched(graph, stop=None, how=None, **options):
        outcome = Watched()
        compiled = compile_plan(graph, Options(target="spark", fuse="none", **options))
        compiled = with_reference(compiled, pickled(graph, tmp_path))
        launch(compiled, "spark", outcome, stop or Never(), tmp_path, spark=how)
        return outcome

    return watched


@pytest.fixture
def command(spark, tmp_path, monkeypatch, capsys):
    """`command(*arguments)`: exit status and stderr of sferic in tmp_path, in this process, which has a Spark already."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = {*sys.modules}

    def forget():
        for name in [name for name in sys.modules if name not in before]:
            if str(getattr(sys.modules[name], "__file__", None)).startswith(str(tmp_path)):
                del sys.modules[name]

    def ran(*arguments):
        forget()  # what the files are by now
        with pytest.raises(SystemExit) as left:
            main(arguments)
        return left.value.code, capsys.readouterr().err

    yield ran
    forget()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """A master on loopback, and a worker for so many executors of one core."""
    place = development.SparkHome(tmp_path_factory.mktemp("cluster") / "spark")
    yield development.up(place, lambda _: None, cores=4)
    development.down(place)


HOME = Path(pyspark.__file__).parent
OUT = ("--py-files", "out/flow.zip", "--archives", "out/packages.zip#packages", "out/job.py")


@pytest.fixture(scope="session")
def submit_out():
    """The beginning of a command, on this machine, in the folder of `out`; what follows is the job's."""
    return [HOME / "bin" / "spark-submit", "--master", "local[2]", *OUT]


@pytest.fixture
def bare(tmp_path):
    """An interpreter with pyspark and nothing else."""
    venv.create(tmp_path / "bare", symlinks=True)
    (packages,) = (tmp_path / "bare" / "lib").glob("python3*/site-packages")
    installed = Path(pyspark.__file__).parents[1]
    for name in ("pyspark", "py4j"):
        (packages / name).symlink_to(installed / name)
    python = tmp_path / "bare" / "bin" / "python"
    for name in ("sferic", "ormsgpack", "msgpack", "markupsafe"):
        assert subprocess.run([python, "-P", "-c", f"import {name}"], capture_output=True, check=False).returncode == 1
    return python

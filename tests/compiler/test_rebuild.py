"""`compile` builds the definition again from the files that travel alone: what is missing there is named at once."""

import os
import subprocess
import sys

import pytest

WORKFLOW = """
{above}
from sferic import IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def _process(self, inputs):
        yield from range(3)


def build():
    {inside}
    graph = WorkflowGraph("w")
    graph.add(Numbers())
    return graph
"""


@pytest.fixture
def compiled(tmp_path):
    """`compiled(above, inside, files)`: (exit status, stderr) of compiling such a workflow in a folder of its files."""

    def compile_it(above="", inside="pass", files=(), **environment):
        folder = tmp_path / "project"
        for name, text in {**dict(files), "w.py": WORKFLOW.format(above=above, inside=inside)}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        command = [sys.executable, "-m", "sferic.cli", "compile", "w.py", "--to", "storm", "-o", "out"]
        environment = {**os.environ, **environment}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) == (folder / "out").exists()
        assert "Traceback" not in done.stderr or "cannot be loaded" in done.stderr
        return done.returncode, done.stderr.replace(f"{folder}/", "")

    return compile_it


READS = "open('stations.csv').close()"


def test_a_file_that_building_reads_is_named_with_its_line_and_the_line_that_mends_it(compiled):
    assert compiled(inside=READS, files={"stations.csv": ""}) == (
        2,
        'w.py:12: stations.csv does not travel to workers. Write into w.py: include = ["stations.csv"]\n',
    )


def test_with_that_line_it_compiles(compiled):
    assert compiled('include = ["stations.csv"]', READS, {"stations.csv": ""}) == (0, "")


def test_all_that_is_missing_is_told_at_once_and_the_line_keeps_what_was_included(compiled):
    inside = f"{READS}; import os, importlib; os.listdir('data'); importlib.import_module('later')"
    files = {"stations.csv": "", "data/a.txt": "", "data/more/b.txt": "", "later.py": "", "x.txt": ""}
    status, text = compiled('include = ["x.txt"]', inside, files)
    assert status == 2
    assert text.splitlines() == [
        (
            "w.py:12: stations.csv does not travel to workers. Change line 2 of w.py to: "
            'include = ["x.txt", "stations.csv", "data/**/*", "later.py"]'
        ),
        "w.py:12: data does not travel to workers",
        "w.py:12: module later does not travel to workers",
    ]
    line = text.splitlines()[0].partition("to: ")[2]
    assert compiled(line, inside, files) == (0, "")


def test_a_file_next_to_the_module_that_reads_it(compiled):
    files = {
        "lib/__init__.py": "from pathlib import Path\nPath(__file__).with_name('n.txt').read_text()\n",
        "lib/n.txt": "",
    }
    assert compiled("import lib", files=files) == (
        2,
        'lib/__init__.py:2: lib/n.txt does not travel to workers. Write into w.py: include = ["lib/n.txt"]\n',
    )


def test_a_name_that_is_a_pattern_itself(compiled):
    inside, files = "open('a[1]*.csv').close()", {"a[1]*.csv": "", "a1.csv": ""}
    status, text = compiled(inside=inside, files=files)
    assert status == 2
    line = text.strip().partition("w.py: ")[2]
    assert line == 'include = ["a[[]1][*].csv"]'
    assert compiled(line, inside, files) == (0, "")


def test_a_module_from_elsewhere(compiled, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine.py").write_text("")
    status, text = compiled("import mine", PYTHONPATH=str(tmp_path / "elsewhere"))
    assert status == 2
    assert text.startswith("w.py:2: module mine is imported neither from ")
    assert "elsewhere/mine.py. Move it below " in text


def test_another_workflow_on_the_second_time(compiled):
    inside = "import os; names = os.path.exists('marker'); Numbers.retries = int(names)"
    status, text = compiled(inside=inside, files={"marker": ""})
    assert status == 2
    assert "w.py: built again, from the files that travel alone, it is another workflow" in text
    assert 'include = ["PATTERN"]' in text


def test_anything_else_that_goes_wrong_only_there(compiled):
    inside = "import os; assert os.path.exists('marker'), 'no marker'"
    status, text = compiled(inside=inside, files={"marker": ""})
    assert status == 2
    assert "no marker" in text
    assert 'w.py", line 12' in text
    assert "It was built from the files that travel alone" in text


def test_a_process_that_ends(compiled):
    inside = "import os; os.path.exists('marker') or os._exit(7)"
    status, text = compiled(inside=inside, files={"marker": ""})
    assert status == 2
    assert "ended its process with status 7" in text


def test_what_is_public_may_be_imported_on_a_worker(compiled):
    above = "from sferic import run, Results\nfrom sferic.sources import Lines\nfrom sferic.sinks import Files\n"
    above += "from sferic.aggregates import CountPE\nfrom sferic.compat.dispel4py import install\ninstall()"
    assert compiled(above) == (0, "")


def test_what_building_prints_and_reads_from_its_stdin_harms_nothing(compiled):
    assert compiled(inside="import sys; print('hello'); sys.stdin.read()") == (0, "")

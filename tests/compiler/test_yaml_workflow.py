"""From YAML to a definition as data, and what is told about a wrong one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import sferic
from sferic.compiler.frontend import yaml_model
from sferic.compiler.frontend.yaml_workflow import resolve_text
from sferic.compiler.load import load
from sferic.runtime.loading import LoadingError
from sferic.runtime.settings import SETTING_NAMES

ROOT = Path(__file__).resolve().parents[2]
MODULE = """
from sferic import GenericPE, IterativePE, WorkflowGraph
from sferic.sources import Lines

def numbers(count: int = 3):
    yield from range(count)

def double(number: int, by: int = 2) -> int:
    return number * by

def pair(number: int) -> list[int]:
    return [number, number]

def yields(number):
    yield number

async def late(number):
    return number

class Sum(IterativePE):
    total = 0

    def __init__(self, start=0):
        super().__init__()
        if start < 0:
            raise ValueError("below nothing")
        self.total = start

    def _process(self, number):
        self.total += number

    def _postprocess(self):
        self.write("output", self.total)

class Two(GenericPE):
    def __init__(self):
        super().__init__()
        self.add_input("one")
        self.add_input("other")
        self.add_output("a")
        self.add_output("b")

    def process(self, inputs):
        return {"a" if "one" in inputs else "b": next(iter(inputs.values()))}

text = "no PE"
"""
GOOD = """
workflow: sums
parameters: {count: 4, by: {type: int}, name: Sum}
pes:
  numbers: {use: m:numbers, as: source, with: {count: "${count}"}}
  double: {use: m:double, with: {by: "${by}"}}
  sum: {use: "m:${name}", retries: 2}
connections:
  - {from: numbers, to: double}
  - {from: double, to: sum}
"""


@pytest.fixture
def run(tmp_path):
    """`run(text, *arguments, command="check")`: (status, stdout, stderr) of the command on w.yaml."""
    (tmp_path / "m.py").write_text(MODULE)

    def run_it(text, *arguments, command="check"):
        (tmp_path / "w.yaml").write_text(text)
        done = subprocess.run([sys.executable, "-m", "sferic.cli", command, "w.yaml", *arguments],
                              cwd=tmp_path, capture_output=True, text=True, check=False)  # fmt: skip
        return done.returncode, done.stdout, done.stderr.replace(f"{tmp_path}/", "")

    return run_it


@pytest.fixture(autouse=True)
def modules_of_one_test(monkeypatch):
    """What a test imports in this process is its own."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    sys.modules.pop("m", None)


@pytest.fixture
def told(run):
    """What is told about a wrong definition, line by line."""

    def tell(text, *arguments):
        status, out, err = run(text, *arguments)
        assert (status, out) == (2, "")
        return err.splitlines()

    return tell


@pytest.mark.parametrize("on", ["local", "multi"])
def test_it_runs_with_its_parameters(run, on):
    status, out, _ = run(GOOD, "-p", "by=10", "--on", on, "--json", command="run")
    assert (status, json.loads(out)["value"]) == (0, 10 * sum(range(4)))
    status, out, _ = run(GOOD, "-p", "by=-1", "-p", "count=3", "--on", on, "--json", command="run")
    assert (status, json.loads(out)["value"]) == (0, -3)


@pytest.mark.parametrize(
    ("given", "line"),
    [((), "w.yaml:3:1: needs -p by=…"),
     (("-p", "by=ten"), "w.yaml:3:1: -p by=ten: not of type int"),
     (("-p", "by=1", "-p", "cuont=2"), "w.yaml:3:1: has no parameter 'cuont'; did you mean 'count'?")],
)  # fmt: skip
def test_wrong_parameters(told, given, line):
    assert told(GOOD, *given)[0] == line


def test_a_parameter_inside_a_text_and_one_that_is_meant_literally():
    text = 'workflow: w\nparameters: {n: 3, on: true}\npes:\n  p: {use: m:f, with: {a: "x${n}y", b: "$${n}", c: "${on}", d: ["${n}"]}}'
    resolved, problems = resolve_text(text, "w.yaml", Path("/nowhere"), {"n": "4"})
    assert not problems
    assert resolved["pes"][0]["with"] == {"a": "x4y", "b": "${n}", "c": True, "d": [4]}


def test_every_problem_at_once_each_with_its_line_and_column(told):
    assert told("""
workflow: bad
parmeters: {}
parameters: {p: [1], class: 2}
pes:
  numbers: {use: m:numbers, as: source, with: {cuont: 1}, retris: 3}
  numbers: {use: m:numbers}
  double: {use: m:duoble}
  sum: {use: m:Sum, numprocesses: 0, batch: {item: 3}, with: {start: "${strat}"}}
  sums: {use: m:Sum, with: {start: -1}}
  none: {retries: 1}
  path: {use: os.path}
  text: {use: m:text}
  yields: {use: m:yields}
  late: {use: m:late}
  pair: {use: m:pair, as: flatmap}
  flat: {use: m:double, as: flat_map}
  two: {use: m:Two, ports: [a]}
  side: {use: m:double, as: branch}
connections:
  - {from: numbers, to: duoble}
  - {from: two, to: sums}
  - {from: two.c, to: sum}
  - {from: double.output, to: two.one, group_by: [0], grouping: all}
  - {from: double, to: two.other, group_by: true}
  - {from: double, to: two.other, group_by: m:key}
  - [double, sum]
  - {from: sum}
partitions: [[numbers, duoble]]
""") == WRONG  # fmt: skip


WRONG = """\
w.yaml:3:1: there is no key 'parmeters'. Did you mean 'parameters'?
w.yaml:4:17: a parameter is its default, a number, text or bool, or {type: …}
w.yaml:4:22: 'class' is no name for a parameter
w.yaml:6:59: there is no key 'retris'. Did you mean 'retries'?
w.yaml:7:3: the key 'numbers' is there twice. First in line 6
w.yaml:9:35: numprocesses must be a whole number of at least 1, not 0
w.yaml:9:45: batch has no key 'item'; known are items, bytes, linger, not {'item': 3}
w.yaml:9:70: there is no parameter 'strat'. Known are 'p', 'class'
w.yaml:11:3: 'use' is missing
w.yaml:12:15: 'os.path' is not written as package.module:name
w.yaml:16:27: as must be one of 'source', 'map', 'flat_map', 'filter', 'branch', 'sink' or 'fold', not 'flatmap'
w.yaml:18:21: only a branch says 'ports'. Drop it, or add as: branch
w.yaml:21:25: 'duoble' is no PE of this workflow. Did you mean 'double'?
w.yaml:24:5: both group_by and grouping. An item goes one of the two ways
w.yaml:25:45: group_by is a position, a name, a list of these, or a function as package.module:name
w.yaml:27:5: number 7 of connections must be a mapping of keys, not ['double', 'sum']
w.yaml:28:5: 'to' is missing
w.yaml:29:24: 'duoble' is no PE of this workflow. Did you mean 'double'?
w.yaml:6:3: numbers has no parameter 'cuont'. Did you mean 'count'?
w.yaml:8:3: m:duoble: m.py has nothing named 'duoble'; did you mean 'double'?
w.yaml:10:3: m:Sum cannot be made: ValueError: below nothing, at m.py:26
w.yaml:13:3: 'no PE' is neither a PE nor a function
w.yaml:14:3: yields yields items, and map looks at what is returned. Use flat_map, which writes each
w.yaml:15:3: late is async, which a PE's function cannot be. Write a plain function or generator
w.yaml:17:3: double returns int, and flat_map writes each item of what is returned. Use map
w.yaml:19:3: a branch says the names of its output ports. Such as left and right
w.yaml:22:5: two has 2 output ports: a, b. Say which: two.a or two.b
w.yaml:26:5: m:key: m.py has nothing named 'key'
w.yaml:23:5: two has no output port 'c'. Known are 'a', 'b'
""".splitlines()


@pytest.mark.parametrize(
    ("text", "line"),
    [("", "w.yaml:1:1: no workflow: it has no `workflow: NAME` and no `pes:`"),
     ("- a", "w.yaml:1:1: no workflow: it has no `workflow: NAME` and no `pes:`"),
     ("pes: {a: {use: m:Sum}}", "w.yaml:1:1: 'workflow' is missing"),
     ("workflow: w", "w.yaml:1:1: 'pes' is missing"),
     ("workflow: w\npes: {}", "w.yaml:2:6: pes must not be empty"),
     ("workflow: w\npes: [a]", "w.yaml:2:6: pes must be a mapping of keys, not ['a']"),
     ("workflow: 3\npes: {a: {use: m:Sum}}", "w.yaml:1:11: workflow must be a text, not 3"),
     ("workflow: w\npes: {'': {use: m:Sum}}", "w.yaml:2:11:")],
)  # fmt: skip
def test_what_is_no_workflow(told, text, line):
    assert told(text)[0].startswith(line)


def test_a_file_that_is_not_there(tmp_path):
    done = subprocess.run([sys.executable, "-m", "sferic.cli", "check", "gone.yaml"], cwd=tmp_path, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (2, "gone.yaml: cannot be read (No such file or directory)\n")


def test_a_file_of_other_bytes(tmp_path):
    (tmp_path / "w.yaml").write_bytes(b"workflow: \xff")
    with pytest.raises(LoadingError, match="not UTF-8"):
        load(str(tmp_path / "w.yaml"))


def test_the_model_has_every_setting_and_no_other():
    fields = set(yaml_model.PE.model_fields)
    assert fields == {*SETTING_NAMES, "use", "as_", "ports", "with_", "start", "running", "optional"}


def test_the_published_schema_is_that_of_the_model(golden):
    golden(ROOT / "compiler" / "frontend" / "workflow.schema.json", yaml_model.schema())


def test_the_schema_command_prints_it():
    done = subprocess.run([sys.executable, "-m", "sferic.cli", "schema"], capture_output=True, text=True, check=True)
    known = json.loads(done.stdout)["$defs"]["PE"]["properties"]
    assert {"use", "as", "with", "retries"} <= known.keys()
    assert {"type": "string", "pattern": r"\$\{\w+\}"}.items() <= known["retries"]["anyOf"][1].items()


def test_workers_need_neither_yaml_nor_its_model(tmp_path):
    """What the plan holds gives the same definition where both packages cannot be imported."""
    (tmp_path / "m.py").write_text(MODULE)
    (tmp_path / "w.yaml").write_text(GOOD)
    from sferic.compiler.pipeline import compile_plan
    from sferic.runtime.plan import plan_from_json

    loaded = load(str(tmp_path / "w.yaml"), ["by=3"])
    plan = compile_plan(loaded.graph, loaded.options(target="storm")).plan
    assert [path for path, _ in plan.definition.files] == ["m.py"]
    plan = plan_from_json(plan.to_json())
    worker = tmp_path / "worker"
    worker.mkdir()
    (worker / "m.py").write_text(MODULE)
    for name in ("yaml", "pydantic"):
        (worker / f"{name}.py").write_text("raise ImportError('not on workers')\n")
    (tmp_path / "order.json").write_text(json.dumps({"target": "w.yaml", "resolved": plan.definition.resolved}))
    subprocess.run([sys.executable, "-m", "sferic.runtime.rebuild", tmp_path / "report.json", tmp_path / "order.json"],
                   cwd=worker, check=True, env={"PYTHONPATH": f"{worker}:{ROOT}"})  # fmt: skip
    assert json.loads((tmp_path / "report.json").read_text()) == {"digest": plan.definition.digest}


@pytest.mark.parametrize("include", ["", 'include: ["data/*.txt"]\n'])
def test_files_that_building_reads_travel_if_they_are_included(tmp_path, include):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "n.txt").write_text("3")
    (tmp_path / "m.py").write_text("from pathlib import Path\nCOUNT = int(Path('data/n.txt').read_text())\n"
                                   "def numbers():\n    yield from range(COUNT)\n")  # fmt: skip
    (tmp_path / "w.yaml").write_text(f"workflow: w\n{include}pes: {{n: {{use: m:numbers, as: source}}}}\n")
    done = subprocess.run([sys.executable, "-m", "sferic.cli", "compile", "w.yaml", "--to", "storm"],
                          cwd=tmp_path, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == (0 if include else 2), done.stderr
    if not include:
        assert done.stderr.endswith("m.py:2: data/n.txt does not travel to workers. "
                                    f'Write into {tmp_path}/w.yaml: include: ["data/n.txt"]\n')  # fmt: skip


def test_a_pattern_that_no_file_matches(told):
    assert told("workflow: w\ninclude: [x, 'no/*.txt']\npes: {n: {use: m:Sum}}") == [
        "w.yaml:2:11: include: no file matches 'x'"
    ]


@pytest.mark.parametrize(
    ("fold", "by", "line"),
    [("", "", "w.yaml:4:3: a fold says its 'start'. Such as start: 0"),
     ("start: 0, running: 3", "", "w.yaml:4:51: running must be true or false, not 3"),
     ("start: 0", "group_by: 0", "w.yaml:4:3: the connections into a fold have different keys. Give all of them the same group_by")],
)  # fmt: skip
def test_wrong_folds(told, fold, by, line):
    text = f"workflow: w\npes:\n  n: {{use: m:numbers, as: source}}\n  f: {{use: m:double, as: fold, {fold}}}\n"
    assert told(f"{text}connections: [{{from: n, to: f, {by}}}, {{from: n, to: f}}]\n")[0] == line


@pytest.mark.parametrize("pattern", ["../x.txt", "/etc/passwd", "''", "a/../../x"])
def test_a_pattern_that_leads_elsewhere(told, tmp_path, pattern):
    [line] = told(f"workflow: w\ninclude:\n  - {pattern}\npes: {{n: {{use: m:Sum}}}}")
    shown = repr(pattern.strip("'"))
    assert line.startswith(f"w.yaml:3:5: include: {shown} is no pattern of files below ")


def test_the_packages_above_a_module_travel(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("a/__init__.py", "a/b/__init__.py", "a/other.py"):
        (tmp_path / name).write_text("")
    (tmp_path / "a" / "b" / "m.py").write_text(MODULE)
    (tmp_path / "w.yaml").write_text("workflow: w\npes: {n: {use: 'a.b.m:numbers', as: source}}")
    names = [name for name, _ in load(str(tmp_path / "w.yaml")).files]
    assert names == ["a/__init__.py", "a/b/__init__.py", "a/b/m.py"]


def test_loading_from_python(tmp_path):
    (tmp_path / "m.py").write_text(MODULE)
    (tmp_path / "w.yaml").write_text(GOOD)
    assert sferic.run(sferic.load(str(tmp_path / "w.yaml"), by=10))["sum"]["output"] == [60]
    (tmp_path / "w.yaml").write_text(GOOD.replace("retries", "retris"))
    with pytest.raises(sferic.WrongInput, match=r"w\.yaml:7:27: there is no key 'retris'"):
        sferic.load(str(tmp_path / "w.yaml"), by=10)


def test_a_module_of_the_same_name_from_elsewhere_is_not_taken_for_it(tmp_path):
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.py").write_text(MODULE)
        (tmp_path / folder / "w.yaml").write_text(GOOD)
    sferic.load(str(tmp_path / "one" / "w.yaml"), by=10)
    graph = sferic.load(str(tmp_path / "other" / "w.yaml"), by=10)
    with pytest.raises(
        sferic.WrongInput, match=r"other/m\.py is meant, and another m is imported already, .*one/m\.py"
    ):
        sferic.run(graph)


def test_names_may_have_dots(run):
    text = "workflow: w\npes:\n  a.b: {use: m:numbers, as: source}\n  c: {use: m:Sum}\nconnections:\n  - {from: a.b, to: c}\n  - {from: a.b.output, to: c.input}\n"
    status, out, _ = run(text, "--json", command="run")
    assert (status, json.loads(out)["value"]) == (0, 6)

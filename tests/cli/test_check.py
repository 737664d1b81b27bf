"""`check`, `explain` and `doctor`, for people and for programs."""

import json

import pytest


def test_check_of_a_whole_workflow(sferic):
    done = sferic("check", "w.py:positions")
    assert (done.returncode, done.stdout, done.stderr) == (0, "w.py:positions: 2 PEs, nothing wrong\n", "")
    done = sferic("check", "w.py:positions", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"ok": True, "pes": 2, "warnings": []})


def test_check_of_a_wrong_one(sferic, folder):
    done = sferic("check", "w.py:wrong")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Numbers2 has no input port 'input'. It has none" in done.stderr
    done = sferic("check", "w.py:wrong", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (2, False)
    assert [problem.startswith(f"{folder}/w.py:") for problem in told["problems"]] == [True]


def test_check_of_what_cannot_be_loaded_is_json_too(sferic):
    done = sferic("check", "w.py:nothing", "--json")
    assert (done.returncode, json.loads(done.stdout)["ok"], done.stderr) == (2, False, "")


def test_check_needs_no_data(sferic):
    assert sferic("check", "w.py:rooted").returncode == 0


@pytest.mark.parametrize(
    ("workflow", "text"),
    [
        (
            "good",
            "numbers does not know its position, so it counts as having state: if its process dies, the run begins",
        ),
        ("endless", "Forever does not know its position: what is not yet acked when its process dies is lost"),
    ],
)
def test_weak_sources_are_warned_of_and_no_error(sferic, folder, workflow, text):
    done = sferic("check", f"w.py:{workflow}")
    assert (done.returncode, done.stdout) == (0, f"w.py:{workflow}: 2 PEs, nothing wrong\n")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"warning: {folder}/w.py:")
    assert text in line
    assert "`def read(self, position)` in class" in line
    done = sferic("check", f"w.py:{workflow}", "--json")
    [warning] = json.loads(done.stdout)["warnings"]
    assert (done.stderr, f"warning: {warning}") == ("", line)


def test_a_root_whose_items_come_with_the_run_is_not_weak(sferic):
    assert sferic("check", "w.py:rooted").stderr == ""


def test_explain(sferic):
    done = sferic("explain", "w.py:good")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Workflow w for in-process --fuse auto\n")
    told = json.loads(sferic("explain", "w.py:good", "--on", "multi", "-n", "3", "--json").stdout)
    assert (told["schema"], told["target"]) == (1, "multi")
    assert [pe["instances"] for pe in told["pes"]] == [1, 2]


PARTED = """
from sferic import IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def read(self, position):
        yield 1, 1


class Pass(IterativePE):
    stateless = True

    def _process(self, data):
        return data


graph = WorkflowGraph()
numbers, middle, last, alone = Numbers(), Pass(), Pass(), Pass()
for before, after in ((numbers, middle), (middle, last), (last, alone)):
    graph.connect(before, "output", after, "input")
graph.partitions = [[numbers, last, alone], [middle]]
"""
MANY = "middle.numprocesses = 3\n"
APART = "no connection joins Numbers with Pass2, Pass3"


def test_a_partition_of_pes_that_nothing_connects_is_warned_of(sferic, folder):
    (folder / "parted.py").write_text(PARTED)
    line = (
        f"warning: {folder}/parted.py:21: the PEs of this partition do not share a process: {APART}. "
        "Connect them, or give each part a partition of its own\n"
    )
    done = sferic("check", "parted.py")
    assert (done.returncode, done.stderr) == (0, line)
    [warning] = json.loads(sferic("check", "parted.py", "--json").stdout)["warnings"]
    assert f"warning: {warning}\n" == line
    assert line in sferic("run", "parted.py", "--on", "multi").stderr
    for silent in (("--on", "multi", "--json"), ("--on", "multi", "--fuse", "none"), ("--on", "local")):
        assert APART not in sferic("run", "parted.py", *silent).stderr


def test_what_became_of_partitions_is_explained(sferic, folder):
    (folder / "parted.py").write_text(PARTED)
    text = sferic("explain", "parted.py", "--on", "multi").stdout
    assert (
        "Partitions: PEs that are to share a process\n"
        f"  Numbers | Pass2, Pass3  2 stages   {APART}\n"
        "  Pass                    one stage\n"
    ) in text
    told = json.loads(sferic("explain", "parted.py", "--on", "multi", "--json").stdout)
    assert told["partition_stages"] == [
        {"pes": ["Numbers", "Pass2", "Pass3"], "stages": [["Numbers"], ["Pass2", "Pass3"]], "why": APART},
        {"pes": ["Pass"], "stages": [["Pass"]], "why": ""},
    ]
    assert "Partitions" not in sferic("explain", "w.py:good").stdout


def test_why_connected_pes_of_a_partition_came_apart_is_explained(sferic, folder):
    (folder / "parted.py").write_text(PARTED + "graph.partitions = [[numbers, middle], [last, alone]]\n" + MANY)
    assert sferic("check", "parted.py").stderr == ""
    told = json.loads(sferic("explain", "parted.py", "--on", "multi", "--json").stdout)
    assert told["partition_stages"][0] == {
        "pes": ["Numbers", "Pass"],
        "stages": [["Numbers"], ["Pass"]],
        "why": "1 instance against 3",
    }


@pytest.mark.parametrize("name", ["read", "expand", "check", "lower", "parallelism", "fuse", "codecs", "plan"])
def test_explain_of_a_pass(sferic, name):
    assert "numbers" in sferic("explain", "w.py:good", "--pass", name).stdout
    assert json.loads(sferic("explain", "w.py:good", "--pass", name, "--json").stdout)["pass"] == name


def test_explain_takes_the_sizes_that_submit_takes(sferic):
    sizes = ("--workers", "2", "--memory", "300", "--cpu", "0.5")
    told = json.loads(sferic("explain", "w.py:good", "--on", "storm", "--json", *sizes).stdout)["resources"]
    assert told["asked"] == {"workers": 2, "memory": 300, "cpu": 0.5}
    assert {need["off_heap"] for need in told["stages"].values()} == {300}
    done = sferic("explain", "w.py:good", "--on", "multi", "--memory", "300", "--cpu", "1")
    assert done.returncode == 2
    assert "--memory 300, --cpu 1.0: a size of a topology on Storm, and this is for multi" in done.stderr


def test_an_artefact_for_storms_own_client_has_the_sizes_that_were_asked_for(sferic, folder):
    done = sferic("compile", "w.py:good", "--to", "storm", "-o", "out", "--workers", "3", "--memory", "700")
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "out" / "config.json").read_text())["topology.workers"] == 3
    assert "700.0" in (folder / "out" / "topology.py").read_text()
    refused = sferic("compile", "w.py:good", "--to", "spark", "-o", "job", "--workers", "3")
    assert (refused.returncode, (folder / "job").exists()) == (2, False)


def test_explain_needs_no_data_and_shows_what_it_got(sferic):
    assert sferic("explain", "w.py:rooted").returncode == 0
    told = json.loads(sferic("explain", "w.py:rooted", "-d", '{"Same": [{"input": 1}]}', "--json").stdout)
    assert told["inputs"] == [{"pe": "Same", "calls": 1, "items": [{"input": 1}]}]


def test_doctor(sferic):
    done = sferic("doctor", "--json")
    checks = json.loads(done.stdout)
    assert checks
    assert all({"name", "ok"} <= set(check) for check in checks)
    assert done.returncode == (0 if all(check["ok"] for check in checks) else 1)


@pytest.mark.parametrize("arguments", [(), ("--help",), ("run", "--help"), ("--version",)])
def test_help(sferic, arguments):
    done = sferic(*arguments)
    assert "Traceback" not in done.stderr
    assert (done.stdout + done.stderr).strip()


@pytest.mark.parametrize("arguments", [("nothing",), ("run",), ("run", "w.py:good", "--no-such")])
def test_unknown_words(sferic, arguments):
    assert sferic(*arguments).returncode == 2


SUSPICIOUS = """
class Forgets(ProducerPE):
    pass


class Shares(IterativePE):
    counts = {}
    NAMES = ["a constant"]
    optional = []
    retried = 0

    def _process(self, data):
        return data


class Misspells(IterativePE):
    numproceses = 2

    def __init__(self):
        super().__init__()
        self.statelss = True

    def _process(self, data):
        return data


class TakesNothing(ConsumerPE):
    def _process(self):
        pass


def suspicious():
    return line(Forgets(), Shares(), Shares(), Misspells(), TakesNothing())
"""


def test_what_is_hardly_meant_is_warned_of_once_a_class(sferic, folder):
    with (folder / "w.py").open("a") as file:
        file.write(SUSPICIOUS)
    done = sferic("check", "w.py:suspicious", "--json")
    warnings = json.loads(done.stdout)["warnings"]
    again = (
        "Forgets does not know its position, so it counts as having state: if its process dies, the run begins again"
    )
    again += " from the start, once"
    shared = "`counts` in the body of class Shares is one dict for all instances in a process: if it changes, results "
    assert [warning.partition(": ")[2] for warning in warnings] == [
        "class Forgets defines neither process nor _process: every call of Forgets fails",
        f"{shared}depend on the target. Make it in __init__: self.counts = …",
        "`numproceses` of Misspells is no setting, it only looks like one. Did you mean `numprocesses`?",
        "`statelss` of Misspells is no setting, it only looks like one. Did you mean `stateless`?",
        "`_process` in class TakesNothing must take one argument beside self: the item",
        f"{again}. `def read(self, position)` in class Forgets, in place of `process`, mends it",
    ]


@pytest.mark.parametrize("command", ["check", "run"])
def test_what_has_no_code_for_its_items_is_refused(sferic, folder, command):
    with (folder / "w.py").open("a") as file:
        file.write("\n\ndef bare():\n    return line(Positions(), ConsumerPE())\n")
    done = sferic(command, "w.py:bare")
    assert done.returncode == 2
    text = "class ConsumerPE defines neither process nor _process: every item at ConsumerPE would fail"
    assert f"{text}. Write `def _process(self, …)` in it" in done.stderr

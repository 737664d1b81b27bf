"""Whatever comes in, the answer is a message that says what is wrong, status 2, and no traceback of ours."""

import json
import pickle

import pytest

HEAD = "from w import *\n"
NAMES = ["'\"{}\n", "{{ 7*7 }}", "../x", "/etc/passwd", "a/b", "\\", "results", "%2F", "\u202e…é", "-n", "__ack", "x.y"]


def told(done, *texts):
    """Status 2, nothing on stdout, and a text of a readable size that says `texts`."""
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr) < 25_000
    for text in texts:
        assert text in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_names_of_pes_are_only_text(sferic, folder, name):
    before = sorted(folder.rglob("*"))
    done = sferic("run", "w.py:good", "-p", f"name={name}", "--on", "multi", "--json")
    assert (done.returncode, json.loads(done.stdout)["value"]) == (0, 7), done.stderr
    told = json.loads(sferic("explain", "w.py:good", "-p", f"name={name}", "--json").stdout)
    assert len(told["pes"]) == 2
    assert sorted(path for path in folder.rglob("*") if "__pycache__" not in path.parts) == before


@pytest.mark.parametrize("name", [*NAMES[:7], "x" * 20_000])
def test_names_of_workflows_and_pes_in_an_artefact(sferic, folder, name):
    (folder / "n.py").write_text(
        f"{HEAD}graph = WorkflowGraph({name!r})\nsource = Numbers()\nsource.name = {name!r}\ngraph.add(source)\n"
    )
    done = sferic("compile", "n.py", "--to", "storm", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (folder / "out").iterdir()} == {
        "MANIFEST.json",
        "config.json",
        "n.jar",
        "plan.json",
        "topology.py",
    }


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a b", "", "x\n", "é", "-", "x" * 300, "'\"{}"])
def test_names_of_topologies(sferic, folder, name):
    done = sferic("compile", "w.py:good", "--to", "storm", f"--name={name}")
    if name == "-":
        assert done.returncode == 0
    else:
        told(done, "is no name for a topology. Use letters, digits, - and _, at most 200")
        assert [path.name for path in folder.iterdir() if path.is_file()] == ["w.py"]


@pytest.mark.parametrize(
    "target",
    ["", ":", "/etc/passwd", "../x", "a b", "w.py:nothing", "w.py:../x", "w.py:Numbers"]
    + ["w.py:good:x", "nowhere.at.all", "x" * 100_000, "x" * 5_000 + ".py", "w:'\"{}\n", "json", ".", "..", "w."],
    ids=lambda target: target[:20],
)
def test_targets(sferic, target):
    told(sferic("run", target), target[:40])


@pytest.mark.parametrize("target", ["../../etc/passwd.py", "/etc/nothing.py:graph", "nothing.py"])
def test_files_that_there_are_not(sferic, target):
    told(sferic("run", target), "there is no file /")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("../x=1", "has no parameter '../x'"),
        ("=1", "Write it as NAME=VALUE"),
        ("name", "Write it as NAME=VALUE"),
        ("times=seven", "not of type int"),
        ("times=" + "9" * 5000, "not of type int"),
        ("nmae=1", "did you mean 'name'?"),
        ("x" * 100_000 + "=1", "has no parameter"),
    ],
    ids=lambda text: text[:20],
)
def test_parameters(sferic, given, text):
    told(sferic("run", "w.py:good", "-p", given), text)


def test_a_pickle_where_data_is_expected(sferic, folder):
    class Runs:
        def __reduce__(self):
            return open, (str(folder / "was-run"), "w")

    for protocol in (0, 2, 5):
        (folder / "data").write_bytes(pickle.dumps({"Same": Runs()}, protocol))
        told(sferic("run", "w.py:rooted", "-f", "data"), 'Write {"PE": [{"port": item}, …]}')
    assert not (folder / "was-run").exists()


@pytest.mark.parametrize("depth", [250, 900, 5_000, 100_000])
@pytest.mark.parametrize("inner", ["[]", '{"a":}'])
def test_nesting(sferic, folder, depth, inner):
    opens, closes = inner[:-1] or "[", inner[-1]
    value = opens * depth + "1" + closes * depth
    (folder / "deep.json").write_text(f'{{"Same": [{{"input": {value}}}]}}')
    told(sferic("run", "w.py:rooted", "-f", "deep.json"), "the inputs are nested more than 200 levels deep")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("", "the inputs are not JSON"),
        ("[1]", "no JSON object"),
        ('{"Same": ' + "9" * 5000 + "}", "the inputs are not JSON"),
        ('{"Same": 5}', "Same is to be called 5 times without data for its input 'input'"),
        ('{"Same": -1}', "the input of Same is a int"),
        ('{"Same": true}', "the input of Same is a bool"),
        ('{"Same": "text"}', "the input of Same is a str"),
        ('{"Same": [1]}', "1 is no input for Same"),
        ('{"Same": [{"../x": 1}]}', "is no input for Same"),
        ('{"../Same": []}', "an input for '../Same', which is no PE. Did you mean 'Same'?"),
        ('{"Same": [{"nope": "' + "x" * 100_000 + '"}]}', "is no input for Same"),
    ],
    ids=lambda text: text[:20],
)
def test_data(sferic, data, text):
    told(sferic("run", "w.py:rooted", "-d", data), text)


def test_data_twice(sferic):
    told(sferic("run", "w.py:rooted", "-d", "{}", "-i", "1"), "-i, -d and -f exclude each other")


@pytest.mark.parametrize(
    "option", [("-n", "1000000000"), ("-n", "0"), ("-n", "-3"), ("-n", "1e3"), ("-i", "-1"), ("-i", "9" * 40)]
)
def test_numbers(sferic, option):
    told(sferic("run", "w.py:good", *option), f"Invalid value for '{option[0]}'")


def test_a_number_of_processes_in_the_workflow(sferic, folder):
    (folder / "n.py").write_text(f"{HEAD}graph = line(Numbers(), Same())\ngraph.added.popitem()\n")
    (folder / "n.py").write_text(f"{HEAD}graph = WorkflowGraph()\ngraph.add(Same(), numprocesses=10**9)\n")
    told(
        sferic("run", "n.py", "-d", '{"Same": []}'),
        "n.py:3: the workflow asks for 1,000,000,000 instances, 1,000,000,000 of them of Same. At most 10,000",
    )


@pytest.mark.parametrize("what", ["source.name", "graph.name"])
@pytest.mark.parametrize("command", ["run", "check", "explain"])
def test_a_name_of_ten_megabytes(sferic, folder, what, command):
    (folder / "n.py").write_text(f"{HEAD}source = Numbers()\ngraph = line(source, Same())\n{what} = 'x' * 10_000_000\n")
    told(sferic(command, "n.py"), "has 10,000,000 characters, it begins 'xxx", "Names have at most 20,000")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("graph.add(Same)", "n.py:3: Same is a class of PEs, not a PE. Make one: Same(…)"),
        ("graph.connect('a', 'output', Same(), 'input')", "n.py:3: 'a' is no PE"),
        ("graph.connect(Numbers(), None, Same(), ['x'])", "n.py:3: ['x'] is no name of a port"),
        ("graph.add(Same(), retries=[1])", "n.py:3: retries of Same must be a whole number of at least 0, not [1]"),
        ("graph.add(Same(), codec=b'x')", "n.py:3: codec of Same must be one of general, trusted, not b'x'"),
        ("Same.optional = 5; graph.add(Same())", "n.py:3: optional of Same must be a list of names of input ports"),
        ("pass", "the workflow has no PE"),
        ("graph = 5", "no WorkflowGraph in"),
    ],
    ids=lambda text: text[:20],
)
def test_what_a_workflow_is_not_made_of(sferic, folder, line, text):
    (folder / "n.py").write_text(f"{HEAD}graph = WorkflowGraph()\n{line}\n")
    told(sferic("check", "n.py"), text)


@pytest.mark.parametrize(
    "text", ["def x(:", "a\0b", "import nothere", "raise ValueError('mine')", "import sys; sys.exit(0)"]
)
def test_files_that_cannot_be_loaded_show_the_users_lines_only(sferic, folder, text):
    (folder / "n.py").write_text(text)
    done = sferic("run", "n.py")
    assert done.returncode == 2
    assert done.stderr.startswith("n.py: cannot be loaded\n")
    assert "sferic/runtime" not in done.stderr


def test_results_that_cannot_be_written_are_refused_before_the_run(sferic, folder):
    told(sferic("run", "w.py:picky", "--results", "no/folder/x"), "its folder is not there or not to be written to")
    told(sferic("run", "w.py:picky", "--results", "."), "is a directory")


@pytest.mark.parametrize("out", ["keep", ".", "w.py", "/proc/x"])
def test_an_artefact_overwrites_nothing_but_an_artefact(sferic, folder, out):
    (folder / "keep").mkdir()
    (folder / "keep" / "thesis.tex").write_text("mine")
    done = sferic("compile", "w.py:good", "--to", "storm", "-o", out)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert (folder / "keep" / "thesis.tex").read_text() == "mine"
    assert (folder / "w.py").is_file()


def test_an_artefact_is_overwritten_by_the_next(sferic, folder):
    (folder / "out").mkdir()
    for _ in range(2):
        assert sferic("compile", "w.py:good", "--to", "storm", "-o", "out").returncode == 0
    assert (folder / "out" / "w.jar").is_file()


def test_a_pass_that_there_is_not(sferic):
    told(sferic("explain", "w.py:good", "--pass", "../x"), "there is no pass '../x'. Known are 'read', 'expand'")

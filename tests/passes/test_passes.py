"""Each pass on small workflows: what it makes of them, as text, next to the workflow's own lines.

A fixture is `=== what it shows`, the workflow's Python (with the names of prelude.py), then for each set of options
`$ OPTIONS` and the graph after the pass that the file is named after, or everything that it found wrong.
"""

import argparse
import json
import re
from pathlib import Path

import pytest

from sferic.compiler.diagnostics import WrongInput
from sferic.compiler.frontend.python import graph_of
from sferic.compiler.inputs import named_inputs
from sferic.compiler.notation import graph_text, plan_text
from sferic.compiler.passes.emit import Emit
from sferic.compiler.pipeline import Options, passes, run_passes
from sferic.launch import TARGETS
from sferic.runtime.outline import outline

HERE = Path(__file__).parent
PASSES = ("read", "expand", "check", "lower", "parallelism", "fuse", "codecs", "plan")

parser = argparse.ArgumentParser(exit_on_error=False)
parser.add_argument("-n", type=int)
parser.add_argument("-i", type=int)
parser.add_argument("-d", type=json.loads)
parser.add_argument("--on", default="multi")
parser.add_argument("--fuse", default="auto")
parser.add_argument("--codec", default="general")
parser.add_argument("--check-items", action="store_true")


def after(name, workflow, words):
    """The text that a fixture expects."""
    said = parser.parse_args(words)
    options = Options(
        target=TARGETS[said.on], processes=said.n, fuse=said.fuse, codec=said.codec, check_items=said.check_items
    )
    scope = {"__name__": "sferic.runtime.prelude"}  # a line of ours, so that places are the workflow's own
    exec(compile((HERE / "prelude.py").read_text(), "prelude.py", "exec"), scope)
    scope = {**scope, "__name__": "workflow"}
    exec(compile(workflow, "w.py", "exec"), scope)
    read = outline(scope["graph"])
    todo = passes(options, named_inputs(said.d if said.i is None else said.i, read))
    names = [one.name for one in todo]
    if name in names:
        todo = todo[: names.index(name) + 1]
    elif name == "read":
        todo = ()
    try:
        graph = run_passes(graph_of(read), todo)[-1].graph
    except WrongInput as wrong:
        return "".join(f"wrong: {problem}\n" for problem in wrong.problems)
    return plan_text(Emit().apply(graph)) if name == "plan" else graph_text(graph)


def fixtures(name):
    """(title, workflow, ((options, expected text), …)) of each fixture of a pass."""
    text = (HERE / f"{name}.txt").read_text()
    for block in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
        head, *runs = re.split(r"^\$", block, flags=re.MULTILINE)
        title, _, workflow = head.partition("\n")
        yield title, workflow, [run.partition("\n")[::2] for run in runs]


def rendered(name):
    """The file's text as it ought to be."""
    blocks = []
    for title, workflow, runs in fixtures(name):
        done = [f"${words}\n{after(name, workflow, words.split())}" for words, _ in runs]
        blocks.append(f"=== {title}\n{workflow.strip(chr(10))}\n" + "\n".join(done))
    return "\n".join(blocks)


@pytest.mark.parametrize("name", PASSES)
def test_pass(name, golden):
    golden(HERE / f"{name}.txt", rendered(name))


def test_every_pass_has_its_fixtures():
    assert {path.stem for path in HERE.glob("*.txt")} == set(PASSES)
    assert [one.name for one in passes(Options())] == list(PASSES[1:-1])
    for name in PASSES:
        assert all(runs for _, _, runs in fixtures(name)), name
        assert len(list(fixtures(name))) >= 3, name

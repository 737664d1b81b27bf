"""A checkpoint that meets another plan, or another sferic, is refused with the way out, and is as it was after it."""

import pytest

import sferic.launch

WORKFLOW = """
from helper import limit
from sferic import IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def read(self, position):
        yield from ((number, number + 1) for number in range(position or 0, 10))


class Fails(IterativePE):
    numprocesses = 1

    def __init__(self, at):
        super().__init__()
        self.at = at

    def _process(self, number):
        if number >= limit() + self.at:
            raise ValueError(number)


def build(at=5):
    graph = WorkflowGraph("fails")
    graph.connect(Numbers(), "output", Fails(at), "input")
    return graph
"""
HELPER = "def limit():\n    return 0\n"


@pytest.fixture
def run(command, tmp_path):
    """`run(*options)`: exit status and stderr."""
    (tmp_path / "fails.py").write_text(WORKFLOW)
    (tmp_path / "helper.py").write_text(HELPER)
    how = ["run", "fails.py", "--on", "spark", "--mode", "dstream", "--interval", "0.2"]
    how += ["--checkpoint", str(tmp_path / "kept"), "--results", str(tmp_path / "results"), "--fuse", "none"]
    return lambda *options: command(*how, *options)


def test_what_has_changed_is_refused_and_what_has_not_goes_on(run, tmp_path, monkeypatch):
    status, said = run()
    assert status == 1
    assert "Fails (instance 0) failed on 5" in said
    before = sorted(path.name for path in (tmp_path / "kept").iterdir())
    kept = f"the checkpoint in {tmp_path / 'kept'}"
    other = (
        f"{kept} is of another plan: of another workflow, or of this one with other files, parameters or options. Go on with "
        "what it was made by, or begin anew: with another --checkpoint, or after removing that folder (what it holds is lost then: state, "
        "positions, and batches on their way)"
    )
    for options in (["-p", "at=6"], ["--on-failure", "skip"], ["--codec", "trusted"], ["--check-items"]):
        status, said = run(*options)
        assert (status, other in said) == (2, True), (options, said)
    for name, text in (  # none as long as it was: Python knows what it has compiled by size and second
        ("fails.py", WORKFLOW.replace("numprocesses = 1", "numprocesses = 1 + 1")),
        ("fails.py", WORKFLOW.replace("ValueError(number)", "ValueError(number, 2)")),
        ("helper.py", HELPER.replace("0", "1 - 0")),
    ):
        (tmp_path / name).write_text(text)
        status, said = run()
        assert (status, other in said) == (2, True), said
        (tmp_path / name).write_text({"fails.py": WORKFLOW, "helper.py": HELPER}[name])
    with monkeypatch.context() as patched:
        patched.setattr(sferic.launch, "__version__", "0.0.9")
        status, said = run()
    assert status == 2
    assert f"{kept} was made by sferic {sferic.__version__}, this is 0.0.9. Go on with" in said
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == before
    status, said = run()
    assert status == 1
    assert "Fails (instance 0) failed on 5" in said

"""What a run keeps of what happened, and the words in which the command tells it."""

import os

import pytest

import sferic
from sferic.report import Reporter
from sferic.runtime.letters import LettersFile
from sferic.runtime.observe import DONE, FAILED, ITEMS_FAILED, KEPT, Outcome, ending

DIED = {"event": "died", "stage": "s", "rank": 1, "pid": 7, "input": 0, "pe": "a", "step": 0, "text": ""}


@pytest.mark.parametrize(
    ("exit_status", "words"),
    [
        (0, "exited with status 0"),
        (3, "exited with status 3"),
        (137, "was killed by signal 9"),
        (255, "exited with status 255"),
    ],
)
def test_how_a_process_ended(exit_status, words):
    assert ending(exit_status) == words


@pytest.mark.parametrize(("text", "more"), [("", ""), ("it babbles", " (it babbles)")])
def test_a_death_is_told_even_where_a_program_reads(text, more, capsys):
    Reporter(quiet=True).event(DIED | {"exit": 139, "text": text})
    assert capsys.readouterr().err == f"s (instance 1): its process 7 was killed by signal 11 and is replaced{more}\n"


def failed(number, policy="skip", **more):
    return {"event": "failed", "pe": "a", "rank": 0, "item": str(number), "error": "no", "policy": policy, **more}


@pytest.fixture
def many():
    """An outcome with more failures than it keeps."""
    outcome = Outcome()
    for number in range(KEPT + 5):
        outcome.event(failed(number))
    return outcome


def test_failures_are_kept_to_a_limit_and_all_of_them_counted(many):
    assert [failure["item"] for failure in many.failures] == [str(number) for number in range(KEPT)]
    assert many.failed == KEPT + 5
    assert many.status == ITEMS_FAILED


def test_the_failure_that_ends_a_run_is_kept_however_many_came_before(many):
    many.event(failed("last", "stop"))
    assert many.failures[-1]["item"] == "last"
    assert many.status == FAILED


def test_a_run_that_begins_again_counts_anew(many):
    many.begin_again()
    assert (many.failed, many.failures, many.status) == (0, [], DONE)


def test_the_command_counts_items_not_failures(capsys):
    reporter = Reporter(quiet=True)
    for number in range(KEPT + 5):
        reporter.event(failed(number, count=0))
    reporter.event(failed("a batch of 7", count=7))
    assert reporter.where_letters_are("--so", ()).startswith(f"{KEPT + 12} failed and not kept.")


def test_letters_in_a_file_are_all_there(tmp_path):
    letters = LettersFile(tmp_path / "letters")
    reporter = Reporter(quiet=True, letters=letters)
    for number in range(KEPT + 5):
        reporter.event(failed(number, "dead-letter", count=1, data="", traceback="", attempts=1))
    letters.close()
    assert (tmp_path / "letters").read_text().count("\n") == KEPT + 5
    assert reporter.where_letters_are("", ()).startswith(f"{KEPT + 5} failed and kept in {tmp_path}/letters. ")


class Numbers(sferic.ProducerPE):
    def _process(self, inputs):
        yield from range(KEPT + 5)


class Fails(sferic.IterativePE):
    def _process(self, data):
        raise ValueError(data)


@pytest.mark.parametrize("on", ["local", "multi"])
def test_results_say_how_many_failures_they_do_not_have(on):
    graph = sferic.WorkflowGraph()
    graph.connect(Numbers(), "output", Fails(), "input")
    results = sferic.run(graph, on=on, on_failure="skip")
    assert len(results.failures) == KEPT
    assert results.more_failures == 5


class Dies(sferic.IterativePE):
    def __init__(self, flag):
        super().__init__()
        self.flag = flag
        self.seen = 0

    def _process(self, data):
        self.seen += 1
        if data == 2 and not self.flag.exists():
            self.flag.touch()
            os._exit(3)
        return data


class Slowly(sferic.ProducerPE):
    def _process(self, inputs):
        for number in range(4):
            yield number
            self.wait(0.05)  # each is answered before the next comes


def test_a_script_is_told_of_lost_state(tmp_path, capfd):
    graph = sferic.WorkflowGraph()
    graph.connect(Slowly(), "output", Dies(tmp_path / "died"), "input")
    assert sferic.run(graph, on="multi")["Dies"]["output"] == [0, 1, 2, 3]
    told = capfd.readouterr().err
    assert "exited with status 3 at Dies and is replaced" in told
    assert "Dies (instance 0): its state is lost, the run begins again" in told

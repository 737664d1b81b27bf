"""What a run keeps of what happened, and the words in which the command tells it."""

import pytest

from sferic.report import Reporter
from sferic.runtime.observe import ending

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

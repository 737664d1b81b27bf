"""What a supervisor takes for a hang, by a page and a clock of the test's own; the shim's HangTest says the same."""

import pytest

from sferic.runtime.host.step import HANDING, IDLE, PAGE_PE, PAGE_STATE, PAGE_STEP, STARTING, WAITING, WORKING
from sferic.runtime.local.standstill import START, Standstill, limit_at
from sferic.runtime.plan import PlannedPE, Stage

STAGE = Stage(
    "s",
    (
        PlannedPE("a", "A", ("in",), ("out",), hang_timeout=100.0),
        PlannedPE("b", "B", (), ("out",), source=True),
        PlannedPE("c", "C", ("in",), ()),
        PlannedPE("d", "D", (), ("out",), source=True, hang_timeout=7.0),
    ),
)


@pytest.fixture
def page():
    return memoryview(bytearray(4096)).cast("Q")


@pytest.fixture
def still():
    return Standstill(0.0)


def look(still, page, now, *, owes=True, heard=0, unread=False):
    return still.look(page, now, owes=owes, heard=heard, unread=unread)


def test_work_without_a_step_counts(page, still):
    page[PAGE_STATE] = WORKING
    assert [look(still, page, now) for now in (0, 1, 5)] == [0, 1, 5]
    page[PAGE_STEP] += 1
    assert [look(still, page, now) for now in (6, 8)] == [0, 2]


@pytest.mark.parametrize(("state", "owes", "counts"), [(IDLE, False, 0), (IDLE, True, 9), (WAITING, True, 0)])
def test_only_who_owes_something_can_stand_still(state, owes, counts, page, still):
    page[PAGE_STATE] = state
    look(still, page, 0, owes=owes)
    assert look(still, page, 9, owes=owes) == counts


def test_who_hands_over_waits_as_long_as_nobody_reads(page, still):
    page[PAGE_STATE] = HANDING
    assert [look(still, page, now, unread=True) for now in (0, 5, 9)] == [0, 0, 0]
    assert [look(still, page, now) for now in (10, 12)] == [1, 3]


def test_what_comes_from_who_hands_over_is_progress_and_from_who_works_is_not(page, still):
    page[PAGE_STATE] = HANDING
    assert [look(still, page, now, heard=now) for now in (0, 5, 9)] == [0, 0, 0]
    page[PAGE_STATE] = WORKING
    assert [look(still, page, now, heard=now) for now in (10, 15)] == [0, 5]


def test_a_change_of_state_is_progress_and_allows_another_word(page, still):
    page[PAGE_STATE] = STARTING
    look(still, page, 0)
    still.warned = True
    page[PAGE_STATE] = WORKING
    assert look(still, page, 9) == 0
    assert not still.warned


@pytest.mark.parametrize(
    ("pe", "limit", "worth_a_word"), [(0, 100.0, True), (1, None, False), (2, None, True), (3, 7.0, True)]
)
def test_each_pe_has_its_own_limit_and_a_source_may_wait(pe, limit, worth_a_word, page):
    page[PAGE_STATE], page[PAGE_PE] = WORKING, pe
    assert limit_at(STAGE, page) == (STAGE.pes[pe], limit, worth_a_word)


@pytest.mark.parametrize(
    ("pes", "limit"),
    [(STAGE.pes, 100.0), (STAGE.pes[1:3], None), (STAGE.pes[3:], START)],
    ids=["longest", "none", "least"],
)
def test_the_start_has_the_longest_limit_and_some_time_for_imports(pes, limit, page):
    page[PAGE_STATE] = STARTING
    assert limit_at(Stage("s", pes), page)[1:] == (limit, True)


def test_a_page_that_lies_names_the_last(page):
    page[PAGE_PE] = 2**63
    assert limit_at(STAGE, page)[0] is STAGE.pes[-1]

"""Batches of a source: full where items are quick, few items where they take long."""

from sferic.runtime.pace import Pace


def run(pace, seconds_an_item, groups):
    """A source that always has more: a group of the most there may be, at a time."""
    for _ in range(groups):
        pace.processed(pace.most, pace.most * seconds_an_item)
    return pace.most


def test_quick_items_fill_batches():
    assert run(Pace(), 1e-6, 20) >= 512


def test_it_grows_at_once_to_what_takes_half_of_what_is_soon():
    """The acks of a window of small batches come in before a larger one is tried: steps are to be few."""
    assert run(Pace(), 1e-6, 3) >= 512
    assert run(Pace(), 0.25 / 8 / 8, 1) == 4 * 8
    assert run(Pace(), 0.25 / 8 / 1.01, 1) == 2 * 8


def test_of_items_of_a_second_there_is_soon_one_a_batch():
    assert run(Pace(), 3.0, 5) == 1


def test_items_of_a_hundredth_end_between():
    pace = Pace()
    most = [run(pace, 0.01, 1) for _ in range(50)][-1]
    assert 0.2 <= most * 0.01 <= 2


def test_it_finds_back_when_items_get_quick_again():
    pace = Pace()
    assert run(pace, 3.0, 5) == 1
    assert run(pace, 1e-6, 30) >= 512


def test_a_trickle_of_quick_items_says_nothing_of_full_batches():
    pace = Pace()
    first = pace.most
    for _ in range(100):
        pace.processed(1, 0.001)
    assert pace.most == first

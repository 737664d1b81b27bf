"""What a child says on stderr, in lines: all of a little, a limited part of a flood; nothing uncounted."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sferic.runtime.local.lines import LINE_LIMIT, LINES_A_SECOND, Lines


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@given(st.lists(st.binary(max_size=30), max_size=20))
def test_what_is_little_is_shown_as_it_was_however_it_is_cut(pieces):
    lines = Lines(Clock())
    shown = [line for piece in pieces for line in lines.feed(piece)] + lines.end()
    *whole, rest = b"".join(pieces).split(b"\n")
    expected = [*whole, rest] if rest else whole
    if len(expected) <= LINES_A_SECOND:
        assert shown == [line.decode(errors="replace") for line in expected]


@given(st.integers(1, 3 * LINES_A_SECOND), st.integers(1, 4000))
def test_a_flood_is_limited_and_every_line_counted(count, piece):
    lines = Lines(Clock())
    data = b"noise\n" * count
    shown = [line for at in range(0, len(data), piece) for line in lines.feed(data[at : at + piece])] + lines.end()
    assert shown.count("noise") == min(count, LINES_A_SECOND)
    hidden = [int(found[1]) for line in shown if (found := re.match(r"\((\d+) more lines", line))]
    assert shown.count("noise") + sum(hidden) == count


def test_the_next_second_begins_anew_and_tells(clock):
    lines = Lines(clock)
    lines.feed(b"noise\n" * (LINES_A_SECOND + 5))
    clock.now += 1
    assert lines.feed(b"again\n") == ["(5 more lines were not shown: more than 200 a second)", "again"]
    assert lines.end() == []


ONE = 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    f()\nValueError: no'
CHAIN = f"{ONE}\n\nDuring handling of the above exception, another exception occurred:\n\n{ONE}"


@pytest.mark.parametrize("piece", [1, 7, 10_000])
@pytest.mark.parametrize("text", [ONE, CHAIN, f"Exception in thread worker:\n{ONE}"])
def test_a_traceback_is_one_text_with_the_errors_that_it_came_of(clock, text, piece):
    lines = Lines(clock)
    data = f"before\n{text}\nafter\n{text}\n".encode()
    shown = [told for at in range(0, len(data), piece) for told in lines.feed(data[at : at + piece])] + lines.end()
    assert shown == ["before", text, "after", text]


def test_a_traceback_does_not_wait_for_what_does_not_come(clock):
    lines = Lines(clock)
    assert lines.feed(f"{ONE}\n".encode()) == lines.tick() == []
    clock.now += 0.5
    assert lines.tick() == [ONE]
    assert lines.tick() == lines.end() == []


def test_of_a_flood_a_traceback_is_told_with_what_was_not_shown(clock):
    lines = Lines(clock)
    lines.feed(b"noise\n" * (LINES_A_SECOND - 2))
    assert lines.feed(f"{ONE}\n".encode()) == []
    clock.now += 1
    assert lines.feed(b"again\n") == [
        "\n".join(ONE.split("\n")[:2]),
        "(2 more lines were not shown: more than 200 a second)",
        "again",
    ]


def test_a_line_without_end_is_cut_and_takes_no_memory(clock):
    lines = Lines(clock)
    shown = [line for _ in range(100) for line in lines.feed(b"x" * LINE_LIMIT)]
    assert shown == []
    assert lines.feed(b"\nnext\n") == ["x" * LINE_LIMIT + " …", "next"]

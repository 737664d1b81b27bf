"""What a process tells of what its PEs print and log: as much as its page says, and how much it was that it did not."""

import logging
import threading

import pytest

from sferic.runtime.chatter import Chatter
from sferic.runtime.host.step import PAGE_LEVELS, PAGE_LINES

LINES = 200


class Told(list):
    """Events that were told, and one that can be waited for."""

    def __init__(self):
        super().__init__()
        self.counted = threading.Event()

    def __call__(self, event):
        self.append(event)
        if "more lines" in event.get("text", ""):
            self.counted.set()

    @property
    def hidden(self):
        return sum(int(event["text"][1:].split()[0]) for event in self if "more lines" in event["text"])


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def page():
    page = [0] * 512
    page[PAGE_LINES] = LINES
    return page


@pytest.fixture
def root_level():
    root = logging.getLogger()
    before = root.level
    yield root
    root.setLevel(before)


def line(text="line", pe="P", **more):
    return {"event": "print", "pe": pe, "rank": 0, "text": text, **more}


def test_without_a_page_that_says_something_all_is_told(told, root_level):
    before = root_level.level
    chatter = Chatter(told, [0] * 512, ["P"])
    for _ in range(10 * LINES):
        chatter.tell(line())
    chatter.tell(line("x" * 1_000_000, level=1))
    chatter.look()
    assert len(told) == 10 * LINES + 1 and len(told[-1]["text"]) == 1_000_000
    assert root_level.level == before


def test_a_flood_is_counted_before_what_comes_next(told, page):
    now = 100.0
    chatter = Chatter(told, page, ["P"], lambda: now)
    for _ in range(1000):
        chatter.tell(line())
    chatter.tell(line("many\n" * 499))
    chatter.tell({"event": "failed", "pe": "P"})
    assert len(told) == LINES + 1, "what is no line is told in any case"
    now += 1.0
    chatter.tell(line("next"))
    assert [event.get("text") for event in told[LINES + 1 :]] == [
        "(1300 more lines were not shown: more than 200 a second)",
        "next",
    ]
    assert told[-2] == {**told[-2], "event": "log", "level": logging.WARNING, "pe": "P", "rank": 0}


def test_a_flood_is_counted_though_nothing_follows(told, page):
    chatter = Chatter(told, page, ["P"])
    for _ in range(LINES + 5):
        chatter.tell(line())
    assert told.counted.wait(30)
    assert told.hidden + sum(event["text"] == "line" for event in told) == LINES + 5


def test_what_is_hidden_at_the_end_is_told(told, page):
    chatter = Chatter(told, page, ["P"], lambda: 0.0)
    for _ in range(LINES + 5):
        chatter.tell(line())
    chatter.flush()
    chatter.flush()
    assert told.hidden == 5


def test_from_many_threads_each_line_is_told_or_counted(told, page):
    chatter = Chatter(told, page, ["P"])
    threads = [threading.Thread(target=lambda: [chatter.tell(line()) for _ in range(5000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chatter.flush()
    assert told.hidden + sum(event["text"] == "line" for event in told) == 20_000
    assert sum(event["text"] == "line" for event in told) < 20_000


def test_a_long_text_is_cut(told, page):
    Chatter(told, page, ["P"]).tell(line("x" * 1_000_000))
    assert len(told[0]["text"]) < 70_000 and told[0]["text"].endswith(" …")


def test_levels_are_each_pes(told, page, root_level):
    chatter = Chatter(told, page, ["P", "Q"])
    page[PAGE_LEVELS], page[PAGE_LEVELS + 1] = logging.DEBUG, logging.ERROR
    for pe in ("P", "Q", "unknown"):
        for level in (5, logging.DEBUG, logging.INFO, logging.ERROR):
            chatter.tell({**line(pe=pe, level=level), "event": "log"})
        chatter.tell(line("printed", pe=pe))
    assert [(event["pe"], event.get("level", "print")) for event in told] == [
        ("P", logging.DEBUG),
        ("P", logging.INFO),
        ("P", logging.ERROR),
        ("P", "print"),
        ("Q", logging.ERROR),
        ("unknown", 5),
        ("unknown", logging.DEBUG),
        ("unknown", logging.INFO),
        ("unknown", logging.ERROR),
        ("unknown", "print"),
    ]


def test_the_root_logger_makes_what_any_pe_wants_and_no_more(told, page, root_level):
    chatter = Chatter(told, page, ["P", "Q"])
    page[PAGE_LEVELS], page[PAGE_LEVELS + 1] = logging.DEBUG, logging.ERROR
    chatter.look()
    assert root_level.level == logging.DEBUG
    page[PAGE_LEVELS] = logging.WARNING
    chatter.look()
    assert root_level.level == logging.WARNING
    root_level.setLevel(logging.CRITICAL)  # by the workflow's own code
    chatter.look()
    assert root_level.level == logging.CRITICAL


def test_more_pes_than_a_page_has_room_for(told, page):
    paths = [f"P{number}" for number in range(1000)]
    chatter = Chatter(told, page, paths)
    chatter.tell({**line(pe="P999", level=1), "event": "log"})
    assert len(told) == 1

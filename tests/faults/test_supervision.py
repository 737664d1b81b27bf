"""Children that stand still, lie in the protocol, flood stderr or die at one item: their supervisor sets it right.

One run a target holds them all, as branches of one source: each must be right whatever its neighbours do.
"""

import base64
import importlib.util
import os
import re
import signal
import struct
import sys
import time
from pathlib import Path

import pytest

import sferic
from sferic.runtime import frames
from sferic.runtime.codec import GeneralCodec

_spec = importlib.util.spec_from_file_location("pages", Path(__file__).parents[1] / "docs" / "pages.py")
pages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pages)

COUNT = 100
AT = 55  # the item at which it happens
FLOOD = 100_000


class Numbers(sferic.ProducerPE):
    batch = {"items": 10}

    def _process(self, inputs):
        yield from range(COUNT)


def protocol_of(frame):
    """The protocol's end in this process."""
    while not hasattr(getattr(frame.f_locals.get("self"), "_wire", None), "_out"):
        frame = frame.f_back
    return frame.f_locals["self"]._wire


class Once(sferic.IterativePE):
    """Does something bad at one item, the first time it comes."""

    stateless = True

    def __init__(self, folder):
        super().__init__()
        self.marker = str(folder / type(self).__name__)

    def first(self):
        """True once, whichever process asks."""
        try:
            Path(self.marker).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _process(self, data):
        if data == AT and self.first():
            self.bad()
        return data


class Stopped(Once):
    hang_timeout = 1

    def bad(self):
        os.kill(os.getpid(), signal.SIGSTOP)


class StoppedHandingOver(Once):
    """In the middle of a frame: its page says that it waits, and whoever reads the pipe waits for it."""

    hang_timeout = 1

    def bad(self):
        wire = protocol_of(sys._getframe())

        def half(data):
            os.write(wire._out, data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGSTOP)

        wire._write_all = half


class Hangs(Once):
    hang_timeout = 1

    def bad(self):
        time.sleep(600)


class HangsInPreprocess(Once):
    hang_timeout = 1

    def _preprocess(self):
        if self.first():
            time.sleep(600)


class Slow(Once):
    """Slower than the others' limits; it has none of its own."""

    def bad(self):
        time.sleep(4)


class _Lies(Once):
    def wire(self):
        return protocol_of(sys._getframe())._out


class Garbage(_Lies):
    def bad(self):
        os.write(self.wire(), b"this is not a frame at all")
        time.sleep(600)


class Oversized(_Lies):
    def bad(self):
        os.write(self.wire(), struct.pack("<IBBH", 0xFFFFFFFF, frames.ANSWER, 0, 0))
        time.sleep(600)


class Cut(_Lies):
    def bad(self):
        os.write(self.wire(), struct.pack("<IBBH", 100, frames.ANSWER, 0, 0) + b"half")
        os._exit(0)


class LyingCount(_Lies):
    """A frame whose body promises more than it holds."""

    def bad(self):
        os.write(self.wire(), frames.pack_frame(frames.ANSWER, struct.pack("<IQ", 0xFFFFFFFF, 1)))
        time.sleep(600)


class Floods(Once):
    def bad(self):
        os.write(2, b"noise\n" * FLOOD)
        time.sleep(1.1)  # what was not shown is told when the next second has something to say
        os.write(2, b"the last line\n")


class FloodsAtTheEnd(Once):
    def _process(self, data):
        return data

    def _postprocess(self):
        os.write(2, b"noise\n" * FLOOD)


class RaisesForSome(sferic.IterativePE):
    retries = 3
    on_failure = "dead-letter"

    def _process(self, data):
        self.write("output", ("before", data))
        if data % 10 == 3:
            raise ValueError(f"no {data}")


class Poisoned(sferic.IterativePE):
    """Retries are for what raises: what kills is not tried again more often than it takes to know."""

    retries = 5
    on_failure = "dead-letter"

    def _process(self, data):
        if data == AT:
            os.kill(os.getpid(), signal.SIGKILL)
        return data


BRANCHES = [
    Stopped,
    StoppedHandingOver,
    Hangs,
    HangsInPreprocess,
    Slow,
    Garbage,
    Oversized,
    Cut,
    LyingCount,
    Floods,
    FloodsAtTheEnd,
]


@pytest.fixture(scope="module", params=["multi", "storm"])
def outcome(request, watch, tmp_path_factory):
    folder = tmp_path_factory.mktemp("markers")
    graph = sferic.WorkflowGraph()
    source = Numbers()
    for pe in [*(branch(folder) for branch in BRANCHES), RaisesForSome(), Poisoned()]:
        graph.connect(source, "output", pe, "input")
    # A message timeout below the standstills: nothing fails by it.
    return watch(graph, request.param, {"topology.message.timeout.secs": 2})


def test_the_run_ends_with_its_items_failed(outcome):
    assert outcome.errors == []
    assert outcome.status == 3


@pytest.mark.parametrize("branch", BRANCHES)
def test_nothing_is_lost_and_nothing_comes_twice(branch, outcome):
    assert sorted(outcome.out(branch.__name__)) == list(range(COUNT))


@pytest.mark.parametrize("branch", [Stopped, StoppedHandingOver, Hangs, HangsInPreprocess])
def test_who_stands_still_is_replaced_and_named(branch, outcome):
    name = branch.__name__
    [hung] = outcome.told("hung", name)
    assert (hung["rank"], hung["starting"], bool(hung["step"])) == (0, False, branch is not HangsInPreprocess)
    assert 1 <= hung["seconds"] < 5
    assert len(outcome.told("died", name)) == 1
    assert len(outcome.told("hung")) == 4


@pytest.mark.parametrize("branch", [Garbage, Oversized, Cut, LyingCount])
def test_who_breaks_the_protocol_is_replaced(branch, outcome):
    assert len(outcome.told("died", branch.__name__)) == 1


@pytest.mark.parametrize(("name", "exit_status"), [("Stopped", 137), ("Garbage", 137), ("Cut", 0), ("Poisoned", 137)])
def test_a_death_says_where_and_how(name, exit_status, outcome):
    for died in outcome.told("died", name):
        assert died["exit"] == exit_status
        assert (died["pe"], bool(died["input"]), bool(died["step"])) == (name, True, True)
        assert ("not this protocol" in died["text"]) == (name == "Garbage")


def test_events_have_the_keys_that_the_page_says(outcome):
    told = pages.event_keys((pages.ROOT / "docs" / "frames.md").read_text())
    seen = set()
    for event in outcome.events:
        always, sometimes = told[event["event"]]
        keys = event.keys() - {"event"}
        assert always <= keys <= always | sometimes | {"stage", "rank"}, event
        seen.add(event["event"])
    assert {"died", "hung", "failed", "print", "counts"} <= seen


def test_no_tuple_fails(outcome):
    assert outcome.told("replayed") == []


def test_who_is_only_slow_is_left_alone(outcome):
    assert outcome.told("died", "Slow") == []


def test_a_flood_is_limited_and_counted(outcome):
    lines = [event["text"] for event in outcome.told("print", "Floods")]
    hidden = [int(match[1]) for line in lines if (match := re.match(r"\((\d+) more lines were not shown", line))]
    assert lines[-1] == "the last line"
    assert 0 < lines.count("noise") < FLOOD // 10
    assert lines.count("noise") + sum(hidden) == FLOOD


def test_a_flood_is_counted_though_nothing_follows(outcome):
    lines = [event["text"] for event in outcome.told("print", "FloodsAtTheEnd")]
    hidden = [int(match[1]) for line in lines if (match := re.match(r"\((\d+) more lines were not shown", line))]
    assert lines.count("noise") + sum(hidden) == FLOOD


def test_what_raises_is_tried_so_often_and_kept(outcome):
    failures = outcome.told("failed", "RaisesForSome")
    assert sorted(int(failure["item"]) for failure in failures) == list(range(3, COUNT, 10))
    for failure in failures:
        assert failure["attempts"] == 4
        assert failure["policy"] == "dead-letter"
        assert failure["error"] == f"ValueError: no {failure['item']}"
        assert GeneralCodec().decode(base64.b64decode(failure["data"])) == [int(failure["item"])]
    assert sorted(outcome.out("RaisesForSome")) == [("before", n) for n in range(COUNT) if n % 10 != 3]
    assert outcome.counts["RaisesForSome"]["retried"] == 30


def test_what_kills_is_not_tried_again_and_its_neighbours_live(outcome):
    [failure] = outcome.told("failed", "Poisoned")
    assert (failure["item"], failure["attempts"]) == (str(AT), 2)
    assert len(outcome.told("died", "Poisoned")) == 2
    assert sorted(outcome.out("Poisoned")) == [n for n in range(COUNT) if n != AT]


class Quick(sferic.ProducerPE):
    hang_timeout = 1

    def _process(self, inputs):
        yield 1


class Late(sferic.ProducerPE):
    def _process(self, inputs):
        self.wait(3)
        yield 2


@pytest.mark.parametrize("on", ["multi", "storm"])
def test_a_source_that_is_done_has_no_hang(on, watch):
    graph, same = sferic.WorkflowGraph(), RaisesForSome()
    graph.connect(Quick(), "output", same, "input")
    graph.connect(Late(), "output", same, "input")
    outcome = watch(graph, on)
    assert len(outcome.out("RaisesForSome")) == 2
    assert outcome.told("hung") == outcome.told("died") == []

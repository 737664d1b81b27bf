"""Items that failed, kept in a file: nothing of them is lost, and they can be given again."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sferic.runtime.codec import TrustedCodec
from sferic.runtime.frames import BatchHeader
from sferic.runtime.host.failures import LETTER_KEY, batch_failed, with_letter_key
from sferic.runtime.letters import LettersError, LettersFile, Unreadable, read_letters

FLOW = '''
import os
from dataclasses import dataclass
from decimal import Decimal
from sferic import *

FIXED = os.environ.get("FIXED")

@dataclass
class Point:
    x: int
    tags: set

class Points(ProducerPE):
    def _process(self, inputs):
        for x in range(20):
            self.write("output", Point(x, {x, (x, Decimal(x))}))

class Picky(IterativePE):
    retries = 1
    def _process(self, point):
        if point.x % 4 == 1 and not FIXED:
            raise ValueError(f"not {point.x}")
        return point

class Wrap(CompositePE):
    def __init__(self):
        super().__init__()
        picky = Picky()
        self.map_input("input", picky, "input")
        self.map_output("output", picky, "output")

class Opaque(IterativePE):
    """Writes what cannot travel, once; and has a bad end."""
    def _process(self, point):
        self.write("output", point.x)
        if point.x == 2:
            self.write("output", object())
    def _postprocess(self):
        if not FIXED:
            raise RuntimeError("no end")

class Known(IterativePE):
    on_failure = "skip"
    def _process(self, x):
        if x == 6:
            raise ValueError("skipped")
        return x

class Sum(IterativePE):
    def __init__(self):
        super().__init__()
        self.sum = 0
    def _process(self, x):
        self.sum += x
    def _postprocess(self):
        self.write("output", self.sum)

class Join(GenericPE):
    """Needs two inputs, of which one has no letters."""
    def __init__(self):
        super().__init__()
        self.add_input("sums")
        self.add_input("points")
        self.add_output("output")
    def process(self, inputs):
        for port in inputs:
            self.write("output", port)

graph = WorkflowGraph()
points, wrap, opaque, known, total, join = Points(), Wrap(), Opaque(), Known(), Sum(), Join()
graph.connect(points, "output", wrap, "input")
graph.connect(wrap, "output", opaque, "input")
graph.connect(opaque, "output", known, "input")
graph.connect(known, "output", total, "input")
graph.connect(total, "output", join, "sums")
graph.connect(points, "output", join, "points")
'''

FAILING = [x for x in range(20) if x % 4 == 1]


def sferic(*arguments, fixed=False):
    return subprocess.run(
        [sys.executable, "-m", "sferic.cli", *map(str, arguments)],
        env={**os.environ, "FIXED": "1" if fixed else ""},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module", params=["local", "multi", "storm"])
def run(request, tmp_path_factory):
    """(what the command said, the file of letters, the flow)"""
    folder = tmp_path_factory.mktemp("letters")
    flow, letters = folder / "flow_of_points.py", folder / "letters.jsonl"
    flow.write_text(FLOW)
    done = sferic("run", flow, "--on", request.param, "--fuse", "none", "--dead-letters", letters, "--check-items")
    return done, letters, flow


def test_the_last_line_says_where_they_are(run):
    done, letters, _ = run
    assert done.returncode == 3
    last = done.stderr.splitlines()[-1]
    assert last == f"7 failed and kept in {letters}, 1 more were skipped. To see them: sferic dead-letters {letters}"


def test_they_hold_item_place_and_reason(run):
    _, letters, _ = run
    kept = list(read_letters(letters))
    picky = [letter for letter in kept if letter.pe == "Wrap/Picky"]
    assert sorted(letter.error for letter in picky) == sorted(f"ValueError: not {x}" for x in FAILING)
    for letter in picky:
        assert (letter.port, letter.written, letter.rank, letter.attempts, letter.count) == ("input", False, 0, 2, 1)
        assert letter.item.startswith("Point(x=")
        assert "flow_of_points.py" in letter.traceback
    [end] = [letter for letter in kept if letter.port == ""]
    assert (end.pe, end.item, end.data) == ("Opaque", "postprocess", None)
    [opaque] = [letter for letter in kept if letter.written]
    assert (opaque.pe, opaque.port, opaque.data) == ("Opaque", "output", None)
    with pytest.raises(Unreadable, match="not kept"):
        opaque.items()
    assert len(kept) == 7


def test_they_are_shown(run):
    _, letters, _ = run
    text = sferic("dead-letters", letters)
    assert text.returncode == 0
    assert text.stdout.count("Wrap/Picky.input (instance 0, 2 attempts)") == 5
    assert "ValueError: not 13" in text.stdout
    as_json = sferic("dead-letters", letters, "--json")
    assert [json.loads(line) for line in as_json.stdout.splitlines()] == [
        json.loads(line) for line in letters.read_text().splitlines()
    ]


def test_they_are_given_again_to_their_pes(run, tmp_path):
    _, letters, flow = run
    done = sferic("dead-letters", letters, "--replay", flow, "--results", tmp_path / "results", fixed=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("left out: letter") == 2
    assert "Known: 5 in, 5 out" in done.stderr
    assert "Sum: 5 in, 1 out" in done.stderr
    assert [json.loads(line)["value"] for line in (tmp_path / "results").read_text().splitlines()] == ["sums"]


def test_those_that_fail_again_can_be_kept_again(run, tmp_path):
    _, letters, flow = run
    again = tmp_path / "again.jsonl"
    done = sferic("dead-letters", letters, "--replay", flow, "--dead-letters", again)
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].startswith(f"6 failed and kept in {again}")
    first = {letter.data for letter in read_letters(letters) if letter.data}
    assert {letter.data for letter in read_letters(again) if letter.data} == first


def test_without_a_file_the_last_line_says_how_to_keep_them(run):
    _, _, flow = run
    done = sferic("run", flow, "--on-failure", "dead-letter", "--check-items")
    assert done.returncode == 3
    expected = (
        '8 failed and not kept. To keep them: on_failure = "dead-letter" in place of "skip" in Known, and '
        "--on-failure dead-letter --dead-letters FILE"
    )
    assert done.stderr.splitlines()[-1] == expected


def test_the_file_is_tried_before_anything_starts(run, tmp_path):
    done = sferic("run", run[2], "--dead-letters", tmp_path / "no" / "folder")
    assert (done.returncode, done.stderr.count("Traceback")) == (2, 0)
    assert "No such file or directory" in done.stderr


def test_a_file_of_something_else_is_told_with_its_line(tmp_path):
    other = tmp_path / "other"
    other.write_text('{"time": "now"}\n')
    done = sferic("dead-letters", other)
    assert (done.returncode, done.stderr.count("Traceback")) == (2, 0)
    assert f"{other}:1: no dead letter" in done.stderr


def test_a_replay_of_nothing_says_why(run, tmp_path):
    _, letters, flow = run
    useless = tmp_path / "useless"
    useless.write_text("".join(f"{line}\n" for line in letters.read_text().splitlines() if '"data": null' in line))
    done = sferic("dead-letters", useless, "--replay", flow)
    assert done.returncode == 2
    assert "none of the letters can be given again" in done.stderr
    assert "could not leave through port 'output'" in done.stderr


def failed(**more):
    base = {"event": "failed", "policy": "dead-letter", "pe": "P", "rank": 0, "port": "input", "written": False}
    return {**base, "item": "1", "error": "E", "traceback": "", "attempts": 1, "time": "t", **more}


def test_an_attempt_that_is_repeated_leaves_no_letters(tmp_path):
    path = tmp_path / "letters"
    path.write_text("")
    for attempt in range(2):
        file = LettersFile(path)
        file.take(failed(item="of the lost attempt", codec=None, count=0, data=None))
        file.begin_again()
        file.take(failed(item=f"{attempt}", codec=None, count=0, data=None))
        file.take(failed(policy="skip"))
        file.close()
    assert [letter.item for letter in read_letters(path)] == ["0", "1"]


def test_a_batch_of_pickles_is_kept_under_the_key_of_letters(tmp_path):
    key = os.urandom(32)
    batch = BatchHeader(0, 0, 1, 2, codec=2).pack() + TrustedCodec(key).encode([1 + 2j, Path("x")])
    event = with_letter_key(batch_failed("P", 0, "input", batch, "dead-letter", "it died"), key)
    file = LettersFile(tmp_path / "letters")
    file.take(event)
    file.close()
    assert file.count == 2
    [letter] = read_letters(file.path)
    with pytest.raises(Unreadable, match="--codec trusted"):
        letter.items()
    assert letter.items(trusted=True) == [1 + 2j, Path("x")]
    assert with_letter_key(event, os.urandom(32)) == event
    assert TrustedCodec(LETTER_KEY).id == BatchHeader.unpack(batch).codec


def test_a_line_that_is_cut_is_told(tmp_path):
    path = tmp_path / "letters"
    path.write_text('{"time": "t", "pe"')
    with pytest.raises(LettersError, match="letters:1"):
        list(read_letters(path))

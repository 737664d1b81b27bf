"""The process that holds an instance between supersteps, asked as tasks ask it; Spark has no part in it."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sferic import IterativePE, ProducerPE, WorkflowGraph
from sferic.compiler.pipeline import Options, compile_plan
from sferic.launch import pickled, with_reference
from sferic.runtime.codec import GeneralCodec
from sferic.runtime.frames import BATCH_HEADER_SIZE, BatchHeader, Emit
from sferic.runtime.local.child import Instance, Settings
from sferic.runtime.spark import keeper as keeper_module
from sferic.runtime.spark.keeper import Keeper
from sferic.runtime.spark.kept import Ask, Kept
from sferic.runtime.spark.superstep import run_folder


class Numbers(ProducerPE):
    def __init__(self, committed):
        super().__init__()
        self.file = committed

    def read(self, position):
        number = position or 0
        while True:
            yield number, number + 1
            number += 1

    def committed(self, position):
        part = Path(f"{self.file}.part")
        part.write_text(str(position))
        part.replace(self.file)  # there wholly or not at all


class Burst(Numbers):
    """Gives some, and then nothing for long."""

    def read(self, position):
        for number in range(position or 0, 5):
            yield number, number + 1
        self.wait(600)


class Twice(Numbers):
    """Gives one, two more when it is told to, and then nothing for long."""

    def read(self, position):
        yield 0, 1
        while not Path(f"{self.file}.more").exists():
            self.wait(0.01)
        yield from ((1, 2), (2, 3))
        self.wait(600)


class Total(IterativePE):
    """The sum so far, after each; dies at an item that nobody has met."""

    def __init__(self, met):
        super().__init__()
        self.total = 0
        self.met = met

    def _process(self, data):
        if data < 0 and not os.path.exists(self.met):
            Path(self.met).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        self.total += data
        return self.total


@pytest.fixture
def keep(tmp_path):
    """Makes keepers of an instance: of the source, or of the stage behind it."""
    made = []

    def keeper(stage, source=Numbers):
        graph = WorkflowGraph()
        graph.connect(source(str(tmp_path / "committed")), "output", Total(str(tmp_path / "met")), "input")
        plan = with_reference(compile_plan(graph, Options(target="spark", fuse="none")), pickled(graph, tmp_path)).plan
        plan.write(tmp_path / "plan.json")
        kept = Kept(stage, 0)
        settings = Settings(tmp_path / "plan.json", tmp_path, 1, 16, b"", keeps=True)
        made.append(Keeper(plan, kept, settings, lambda: True, []))
        made[-1].begin(kept)
        return made[-1], kept

    yield keeper
    for one in made:
        one.close()


def ask(kept, step, *items, most=0, patience=0.0):
    batches = tuple(BatchHeader(0, 0, 1, 1).pack() + GeneralCodec().encode([item]) for item in items)
    return Ask(step, kept.version, batches, finish=False, stop=False, patience=patience, most=most)


def after(kept, answer):
    state = kept.state if answer.state is None else answer.state
    token = kept.token if answer.token is None else answer.token
    return replace(kept, version=answer.version, state=state, token=token)


def items_of(answer):
    return [item for _, _, batch in answer.emits for item in GeneralCodec().decode(batch[BATCH_HEADER_SIZE:])]


def test_what_is_asked_again_is_answered_again_and_not_done_again(keep):
    keeper, kept = keep("Total")
    first = ask(kept, 1, 5, 6)
    answer = keeper.answer(first)
    assert items_of(answer) == [5, 11]
    assert keeper.holds(first)
    assert keeper.answer(first) == answer
    kept = after(kept, answer)
    assert items_of(keeper.answer(ask(kept, 2, 1))) == [12]


def test_asked_at_another_version_it_begins_from_what_was_kept(keep):
    """What it has done meanwhile was done in vain: Spark has lost it."""
    keeper, kept = keep("Total")
    kept = after(kept, keeper.answer(ask(kept, 1, 5)))
    keeper.answer(ask(kept, 2, 100))
    again = ask(kept, 2, 7)
    assert not keeper.holds(again)
    keeper.begin(kept)
    assert items_of(keeper.answer(again)) == [12]


def test_where_nothing_came_the_version_stays(keep):
    keeper, kept = keep("Total")
    kept = after(kept, keeper.answer(ask(kept, 1, 5)))
    answer = keeper.answer(ask(kept, 2))
    assert (answer.version, answer.state, answer.emits) == (kept.version, None, ())


def test_a_death_inside_a_superstep_leaves_nothing_of_it(keep):
    keeper, kept = keep("Total")
    kept = after(kept, keeper.answer(ask(kept, 1, 5)))
    answer = keeper.answer(ask(kept, 2, 1, -2, 3))
    assert items_of(answer) == [6, 4, 7]
    events = [event["event"] for event in answer.events]
    assert "died" in events
    assert "lost" not in events


def test_a_source_that_falls_silent_is_not_waited_for(keep, monkeypatch):
    monkeypatch.setattr(keeper_module, "_GATHER", 600.0)
    keeper, kept = keep("Burst", Burst)
    given = []
    for step in range(1, 6):
        given += items_of(keeper.answer(ask(kept, step, most=100, patience=600.0)))
        if len(given) == 5:
            break
    assert given == [0, 1, 2, 3, 4]


def test_nor_is_one_whose_items_came_before_it_was_asked(keep, monkeypatch, tmp_path):
    monkeypatch.setattr(keeper_module, "_GATHER", 600.0)
    keeper, kept = keep("Twice", Twice)
    assert items_of(keeper.answer(ask(kept, 1, most=100, patience=600.0))) == [0]
    (tmp_path / "committed.more").touch()
    while not keeper._items == 2:
        keeper.idle()
    assert items_of(keeper.answer(ask(kept, 2, most=100, patience=600.0))) == [1, 2]


def test_a_source_that_ends_right_after_it_was_saved_has_given_all(keep, monkeypatch):
    keeper, kept = keep("Numbers")
    keeper.answer(ask(kept, 1, patience=0.2))
    instance = keeper._instance
    batch = BatchHeader(0, 0, 1, 1).pack() + GeneralCodec().encode(["last"])

    def turn(most=0.1):
        """What one look at the pipe may bring."""
        if instance.saving:
            instance.saving = 0
            keeper.saved(instance, b'{"Numbers": 7}', b"")
            instance.token = b'{"Numbers": 8}'
            keeper.emitted(instance, 9, [Emit(0, 0, batch)])
            instance.finished = True

    monkeypatch.setattr(keeper._children, "turn", turn)
    answer = keeper.answer(replace(ask(kept, 2), version=keeper._version))
    assert items_of(answer)[-1] == "last"
    assert (answer.finished, answer.token) == (True, b'{"Numbers": 8}')


def test_what_a_source_gave_is_what_its_position_says(keep, tmp_path):
    """It goes on by itself between supersteps, and what it gives then belongs to the next."""
    keeper, kept = keep("Numbers")
    given = []
    for step in range(1, 30):
        before = kept.token
        kept = after(kept, answer := keeper.answer(ask(kept, step, most=50, patience=0.2)))
        given += items_of(answer)
        assert given == list(range(json.loads(kept.token)["Numbers"] or 0))
        if (tmp_path / "committed").exists() and before:
            assert int((tmp_path / "committed").read_text()) <= (json.loads(before)["Numbers"] or 0)
    assert (tmp_path / "committed").exists()
    keeper.begin(kept)
    answer = keeper.answer(ask(kept, 30, most=50, patience=0.2))
    assert items_of(answer)[0] == len(given)


def test_what_the_dead_have_left_goes_when_somebody_begins(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left, used, other = (
        tmp_path / name for name in (f"sferic-{'a' * 12}-{gone.pid}", f"sferic-{'b' * 12}-1", "sferic-1")
    )
    for folder in left, used, other:
        (folder / "0").mkdir(parents=True)
    mine = run_folder("c" * 12, os.getpid())
    assert sorted(tmp_path.iterdir()) == sorted([used, other, mine])


def test_a_signal_while_a_process_is_started_lets_the_one_that_holds_it_leave(keep, monkeypatch):
    """Its pipes are there, and nobody is at the other end."""

    def leaves(self, folder):
        raise SystemExit

    keeper, kept = keep("Total")
    monkeypatch.setattr(Instance, "_make_page", leaves)
    with pytest.raises(SystemExit):
        keeper.answer(ask(kept, 1, 5))
    keeper.close()

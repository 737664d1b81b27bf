"""What ends an attempt at a run on processes, and when there is another one; no process is needed for that."""

import pytest

from sferic.runtime.codec import codec_for
from sferic.runtime.frames import BatchHeader
from sferic.runtime.host.failures import LETTER_KEY, batch_failed, error_event
from sferic.runtime.letters import Letter
from sferic.runtime.local.attempt import Attempt, Over, run_attempts
from sferic.runtime.observe import Outcome
from sferic.runtime.plan import DefinitionRef, Link, Plan, PlannedPE, Stage

DIED = {"event": "died", "stage": "s", "rank": 2, "pe": "Kills"}
LOST = {"event": "lost", "stage": "s", "rank": 2}


def plan(*, endless=False, codec="general"):
    pe = PlannedPE("a", "A", (), ("out",), source=True, endless=endless)
    return Plan("p", DefinitionRef(""), (Stage("s", (pe,)),), (Link(5, "s", "a", "out", codec=codec),))


class Watched(Outcome):
    def __init__(self):
        super().__init__()
        self.events = []

    def event(self, event):
        super().event(event)
        self.events.append(event)

    def begin_again(self):
        super().begin_again()
        self.events.append("again")


@pytest.fixture
def observer():
    return Watched()


def batch(attempt, codec, items):
    return BatchHeader(5, 0, 1, len(items), codec=codec.id).pack() + codec.encode(items)


@pytest.mark.parametrize("codec", ["general", "trusted"])
def test_results_are_decoded_with_the_key_of_the_attempt(codec, observer):
    attempt = Attempt(plan(codec=codec), observer, 1)
    attempt.result(5, batch(attempt, codec_for(codec, key=attempt.key), [1, "two"]))
    assert observer.results == {("a", "out"): [1, "two"]}


def test_results_that_cannot_be_read_end_it(observer):
    attempt = Attempt(plan(), observer, 1)
    with pytest.raises(Over):
        attempt.result(5, BatchHeader(5, 0, 1, 1).pack() + b"\xff\xff")
    [error] = observer.errors
    assert error["text"].startswith("results of a.out cannot be read: ")


@pytest.mark.parametrize("event", [error_event("it is over"), {"event": "failed", "pe": "Sum", "policy": "stop"}])
def test_what_ends_a_run(event, observer):
    run_attempts(plan(), observer, lambda attempt: attempt.event(event))
    assert observer.events == [event]
    assert observer.status == 1


@pytest.mark.parametrize("policy", ["skip", "dead-letter"])
def test_what_does_not(policy, observer):
    said = [DIED, {"event": "failed", "pe": "Sum", "policy": policy}, {"event": "state", "state": "up"}]

    def carry(attempt):
        for event in said:
            attempt.event(event)

    run_attempts(plan(), observer, carry)
    assert observer.events == said


def test_a_finite_run_that_loses_state_begins_again_once(observer):
    numbers, keys = [], set()

    def carry(attempt):
        numbers.append(attempt.number)
        keys.add(attempt.key)
        if attempt.number == 2:
            attempt.event(DIED)
        attempt.event(LOST)

    run_attempts(plan(), observer, carry)
    assert numbers == [1, 2]
    assert len(keys) == 2
    *events, error = observer.events
    assert events == [LOST | {"then": "begins again"}, "again", DIED, LOST | {"then": "ends"}]
    assert error["event"] == "error"
    assert "s (instance 2): its process died at Kills and its state is lost, in a second attempt too" in error["text"]
    assert "apart from sources without `read`" in error["text"]


def test_nothing_of_the_first_attempt_is_left(observer):
    def carry(attempt):
        attempt.result(5, batch(attempt, codec_for("general", key=attempt.key), [attempt.number]))
        if attempt.number == 1:
            attempt.event(LOST)

    run_attempts(plan(), observer, carry)
    assert observer.results == {("a", "out"): [2]}


def test_an_endless_run_goes_on_without_its_state(observer):
    def carry(attempt):
        attempt.event(LOST)
        attempt.event({"event": "state", "state": "finished"})

    run_attempts(plan(endless=True), observer, carry)
    assert observer.events == [LOST | {"then": "goes on"}, {"event": "state", "state": "finished"}]


def test_a_whole_batch_of_pickles_is_sealed_anew(observer):
    attempt = Attempt(plan(codec="trusted"), observer, 1)
    given = batch(attempt, codec_for("trusted", key=attempt.key), [1 + 2j])
    attempt.event(batch_failed("a", 0, "in", given, "dead-letter", "it died"))
    [event] = observer.failures
    fields = {name: event.get(name) for name in Letter.__slots__}
    assert Letter(**fields).items(trusted=True) == [1 + 2j]
    assert LETTER_KEY != attempt.key

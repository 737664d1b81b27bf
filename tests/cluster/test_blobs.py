"""What commands make of the blobs of topologies, with a Nimbus in memory."""

import json
from types import SimpleNamespace

import pytest

from sferic.cluster import positions, topologies
from sferic.cluster.lasting import lasting, lasting_lines
from sferic.cluster.nimbus import NimbusAway, NimbusError, NoSuchTopology
from sferic.cluster.taking import Taking
from sferic.runtime import frames
from sferic.runtime.codec import GeneralCodec
from sferic.runtime.frames import BatchHeader

ABOUT = {"version": "1", "plan": "p", "sources": 2, "results": {"4": ["Sum", "output", "general"]}}


class Memory:
    address = "here:1"

    def __init__(self, running, **blobs):
        self.running = running
        self.kept = {f"sferic.{key.replace('__', '.').replace('_', '-')}": data for key, data in blobs.items()}

    def call(self, name, *arguments):
        if name == "getClusterInfo":
            return SimpleNamespace(
                topologies=[SimpleNamespace(name=n, id=i, status="ACTIVE") for n, i in self.running.items()]
            )
        assert name == "getTopologyConf"
        return json.dumps({"sferic.about": ABOUT})

    def blobs(self):
        return ["of-somebody-else", *self.kept]

    def read_blob(self, key):
        return self.kept.get(key)

    def write_blob(self, key, data):
        return self.kept.setdefault(key, data) is data

    def delete_blob(self, key):
        self.kept.pop(key, None)


def chunk(*values):
    batch = BatchHeader(4, 0, 1, len(values)).pack() + GeneralCodec().encode(list(values))
    return frames.pack_frame(frames.RESULT, batch)


def test_the_one_that_runs_comes_before_those_that_have_gone():
    nimbus = Memory({"a": "a-7-300"}, a_6_200__end__1__0__S=b"", a_7_300__failed=b"")
    found = topologies.find(nimbus, "a")
    assert (found.id, found.status, found.blobs) == ("a-7-300", "active", ("sferic.a-7-300.failed",))


def test_of_those_that_have_gone_the_last():
    nimbus = Memory({}, a_9_200__about=b"", a_10_300__about=b"", a_11_100__about=b"", a_b_12_400__about=b"")
    assert topologies.find(nimbus, "a").id == "a-10-300"
    assert topologies.find(nimbus, "a-b").id == "a-b-12-400"
    with pytest.raises(NoSuchTopology, match="no topology b on here:1. There: none"):
        topologies.find(nimbus, "b")


def test_a_chunk_is_taken_away_when_its_results_were_dealt_with():
    nimbus = Memory(
        {"a": "a-1-1"}, a_1_1__results__1__2__1=chunk(3), a_1_1__results__1__1__1=chunk(1, 2) + chunk("two")
    )
    taken = Taking(nimbus).results(topologies.find(nimbus, "a"), over=True)
    assert next(taken) == ("Sum", "output", [1, 2])
    assert next(taken) == ("Sum", "output", ["two"])
    assert len(nimbus.kept) == 2
    assert next(taken) == ("Sum", "output", [3])
    assert list(nimbus.kept) == ["sferic.a-1-1.results.1.2.1"]
    assert list(taken) == []
    assert nimbus.kept == {}


class Away(Memory):
    """Goes away at the calls of `breaks`, each once."""

    def __init__(self, *given, breaks=(), **blobs):
        super().__init__(*given, **blobs)
        self.breaks = list(breaks)

    def _perhaps(self, *call):
        if call in self.breaks:
            self.breaks.remove(call)
            raise NimbusAway("broke off")

    def read_blob(self, key):
        self._perhaps("read", key)
        return super().read_blob(key)

    def delete_blob(self, key):
        self._perhaps("delete", key)
        super().delete_blob(key)


def values(taking, found, *, over=False):
    return [value for _, _, taken in taking.results(found, over=over) for value in taken]


@pytest.mark.parametrize("keep", [False, True])
def test_what_was_handed_out_is_not_handed_out_again(keep):
    nimbus = Memory(
        {"a": "a-1-1"}, a_1_1__results__1__1__1=chunk(1, 2), a_1_1__letters__1=b'{"event": "failed", "item": "3"}\n'
    )
    taking, letters = Taking(nimbus, keep=keep), []
    for more, expected in ((), [1, 2]), ((4,), [4]), ((), []):
        if more:
            nimbus.kept["sferic.a-1-1.results.1.2.1"] = chunk(*more)
        found = topologies.find(nimbus, "a")
        assert values(taking, found) == expected
        taking.letters(found, letters.append)
    assert [letter["item"] for letter in letters] == ["3"]
    assert len(nimbus.kept) == 3 * keep


@pytest.mark.parametrize("broken", [("read", 2), ("delete", 1), ("delete", 2)])
def test_a_nimbus_that_goes_away_repeats_nothing_and_loses_nothing(broken):
    what, number = broken
    nimbus = Away({"a": "a-1-1"}, breaks=[(what, f"sferic.a-1-1.results.1.{number}.1")])
    nimbus.kept = {f"sferic.a-1-1.results.1.{number}.1": chunk(number) for number in (1, 2, 3)}
    taking, got = Taking(nimbus), []

    def take():
        for _, _, taken in taking.results(topologies.find(nimbus, "a"), over=False):
            got.extend(taken)

    with pytest.raises(NimbusAway):
        take()
    take()
    assert got == [1, 2, 3]
    assert nimbus.kept == {}


def test_a_chunk_that_grows_is_taken_as_far_as_it_goes_and_goes_when_it_is_whole():
    def grows(time, writer):
        return f"sferic.a-1-1.results.1.{time}.1.{writer}.grows"

    nimbus = Memory({"a": "a-1-1"})
    nimbus.kept = {
        grows(1, "w"): chunk(1) + chunk(2),
        grows(2, "w"): chunk(3),
        "sferic.a-1-1.results.1.3.1.2.3": chunk(4),
    }

    def take(taking, *, over=False):
        return values(taking, topologies.find(nimbus, "a"), over=over)

    first, other = Taking(nimbus), Taking(nimbus, keep=True)
    assert take(other) == [1, 2, 3, 4]
    assert take(first) == [1, 2, 3, 4]
    assert list(nimbus.kept) == [grows(2, "w"), "sferic.a-1-1.taken.1.1.2.1.w.grows"]
    assert take(first) == take(Taking(nimbus)) == take(other) == []
    nimbus.kept[grows(2, "w")] += chunk(5) + chunk(6)
    assert take(other) == [5, 6]
    assert take(Taking(nimbus)) == [5, 6]
    assert list(nimbus.kept) == [grows(2, "w"), "sferic.a-1-1.taken.3.1.2.1.w.grows"]
    nimbus.kept[grows(2, "w")] += chunk(7)
    nimbus.kept[grows(3, "v")] = chunk(8)  # another writer, of a worker that came after it
    assert take(first) == [7, 8]
    assert sorted(nimbus.kept)[0] == grows(2, "w"), "nobody knows whether the first one writes on"
    assert take(first, over=True) == []
    assert nimbus.kept == {}


def test_what_was_taken_of_a_chunk_does_not_count_as_dropped():
    nimbus = Memory({"a": "a-1-1"}, a_1_1__results__1__1__1__w__grows=chunk(1), a_1_1__results__1__2__1=chunk(2))
    nimbus.kept |= {"sferic.a-1-1.taken.1.1.1.1.w.grows": b"", "sferic.a-1-1.about": json.dumps(ABOUT).encode()}
    nimbus.running = {}
    assert topologies.kill(nimbus, topologies.find(nimbus, "a")) == 1
    assert nimbus.kept == {}


def test_a_chunk_that_was_not_in_the_listing_that_shows_the_end_is_found():
    nimbus = Memory({"a": "a-1-1"}, a_1_1__results__1__1__1=chunk(1), a_1_1__end__1__0__S=b"", a_1_1__end__1__1__S=b"")
    whole, looks = nimbus.blobs, []

    def late():
        looks.append(1)
        return [key for key in whole() if len(looks) > 1 or ".results." not in key]

    nimbus.blobs = late
    [found], now = topologies.find_whole(nimbus, "a")
    assert now.finished
    assert values(Taking(nimbus), found, over=True) == [1]


def test_results_of_one_that_has_gone_are_read_by_what_it_left():
    nimbus = Memory({}, a_1_1__results__1__1__1=chunk(1), a_1_1__about=json.dumps(ABOUT).encode())
    found = topologies.find(nimbus, "a")
    assert [values for _, _, values in Taking(nimbus, keep=True).results(found, over=True)] == [[1]]
    topologies.tidy(nimbus, found)
    assert len(nimbus.kept) == 2, "results were there to be fetched"
    list(Taking(nimbus).results(found, over=True))
    topologies.tidy(nimbus, found)
    assert nimbus.kept == {}


def test_it_has_finished_when_all_sources_have_ended():
    nimbus = Memory({"a": "a-1-1"}, a_1_1__end__1__0__S=b"")
    assert not topologies.state(nimbus, topologies.find(nimbus, "a")).finished
    nimbus.kept["sferic.a-1-1.end.1.1.S"] = b""
    assert topologies.state(nimbus, topologies.find(nimbus, "a")).finished


def test_lost_state_is_why_it_failed():
    lost = json.dumps({"event": "lost", "stage": "Sum", "rank": 1}).encode()
    nimbus = Memory({"a": "a-1-1"}, a_1_1__failed=lost)
    failed = topologies.state(nimbus, topologies.find(nimbus, "a")).failed
    assert failed.startswith("Sum (instance 1): its process or its worker died and its state is lost")


def test_what_is_of_the_attempt_before_does_not_count():
    nimbus = Memory({"a": "a-1-1"}, a_1_1__results__1__1__1=chunk(1), a_1_1__end__1__0__S=b"", a_1_1__end__1__1__S=b"")
    first = topologies.find(nimbus, "a")
    assert topologies.state(nimbus, first).finished
    nimbus.kept["sferic.a-1-1.again"] = b"{}"
    nimbus.kept["sferic.a-1-1.results.2.1.1"] = chunk(2)
    second = topologies.find(nimbus, "a")
    assert topologies.state(nimbus, second).ended == 0
    assert [values for _, _, values in Taking(nimbus).results(second, over=True)] == [[2]]
    topologies.check_attempt(second, 0)
    topologies.check_attempt(second, 2)
    topologies.check_attempt(first, 1)
    with pytest.raises(NimbusError, match="what was written here is of the attempt before"):
        topologies.check_attempt(second, 1)


def test_chunks_of_the_attempt_before_hold_nothing_back():
    nimbus = Memory({}, a_1_1__results__1__1__1=chunk(1), a_1_1__again=b"{}", a_1_1__about=json.dumps(ABOUT).encode())
    topologies.tidy(nimbus, topologies.find(nimbus, "a"))
    assert nimbus.kept == {}


def at(path, rank, instances, position):
    return json.dumps({"path": path, "rank": rank, "instances": instances, "position": position}).encode()


def test_of_each_source_the_newest_position():
    nimbus = Memory({})
    nimbus.kept = {
        "sferic-positions.a.a-9-200.0.S-1": at("S", 0, 2, 5),
        "sferic-positions.a.a-10-100.0.S-1": at("S", 0, 2, 4),
        "sferic-positions.a.a-9-200.1.S-1": at("S", 1, 2, None),
        "sferic-positions.a.a-3-90.0.T-1": at("T", 0, 1, ["f", 1]),
        "sferic-positions.a-1.a-1-1-1.0.S-1": at("S", 0, 1, 7),
    }
    found = positions.positions(nimbus, "a")
    assert [str(one) for one in found] == ["S (instance 0) at 5", 'T (instance 0) at ["f", 1]']
    assert positions.drop_positions(nimbus, "a", "a-10-100") == 2
    assert positions.drop_positions(nimbus, "a") == 2
    assert list(nimbus.kept) == ["sferic-positions.a-1.a-1-1-1.0.S-1"]


@pytest.mark.parametrize(("orders", "left"), [(b"", 0), (b"stop", 1)])
def test_one_that_finished_by_itself_leaves_no_positions(orders, left):
    nimbus = Memory({}, a_1_1__end__1__0__S=b"", a_1_1__end__1__1__S=b"", a_1_1__about=json.dumps(ABOUT).encode())
    nimbus.kept |= {"sferic.a-1-1.orders": orders, "sferic-positions.a.a-1-1.0.S-1": at("S", 0, 1, 5)}
    topologies.kill(nimbus, topologies.find(nimbus, "a"))
    assert len(nimbus.kept) == left


def test_what_lasts_is_told():
    nimbus = Memory(
        {"a": "a-1-1"},
        a_1_1__again=json.dumps({"event": "lost", "stage": "Sum", "rank": 1}).encode(),
        a_1_1__dropped__u=json.dumps({"results": 1200, "letters": 0}).encode(),
        a_1_1__dropped__v=json.dumps({"results": 34, "letters": 5}).encode(),
    )
    nimbus.kept["sferic-positions.a.a-1-1.0.S-1"] = at("S", 0, 1, ["x" * 200, 1])
    said = lasting(nimbus, topologies.find(nimbus, "a"))
    assert said["attempt"] == 2 and said["dropped"] == {"results": 1234, "dead_letters": 5}
    assert list(lasting_lines(said)) == [
        f'  S (instance 0) is at ["{"x" * 98}…',
        "  state of Sum (instance 1) was lost: it has begun again, and counts are of both attempts",
        "  1,234 results were dropped: nobody fetched them, and more came (--keep-results)",
        "  5 dead letters were dropped: nobody fetched them, and more came (--keep-letters)",
    ]

"""Waiting for a Nimbus that is away."""

import contextlib
import socket
import time

import pytest

from sferic.cluster import patience
from sferic.cluster.errors import OperationError
from sferic.cluster.nimbus import Address, NimbusAway, NimbusFault, NoSuchTopology, connect
from sferic.cluster.patience import Patience


class Nimbus:
    address = "there:1"

    def __init__(self):
        self.connects = 0

    def reconnect(self):
        self.connects += 1
        raise NimbusAway("nobody answers")


@pytest.fixture
def patient(monkeypatch):
    """`patient(until)`: (a Patience, its Nimbus, what it told)."""
    monkeypatch.setattr(patience, "_AGAIN", 0)

    def make(**limits):
        nimbus, told = Nimbus(), []
        return Patience(nimbus, told.append, **limits), nimbus, told

    return make


def giving(*answers):
    left = list(answers)

    def work():
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return work


def test_it_waits_and_says_so_once_each_time(patient):
    wait, nimbus, told = patient()
    assert wait(giving(1)) == 1
    assert told == []
    assert wait(giving(NimbusAway("a"), NimbusAway("b"), 2)) == 2
    assert told == ["Nimbus at there:1 is away; waiting for it", "Nimbus is back"]
    assert nimbus.connects == 2
    assert wait(giving(NimbusAway("c"), 3)) == 3
    assert len(told) == 4


def test_what_it_refuses_right_after_its_return_is_asked_again(patient):
    wait, _, _ = patient()
    with pytest.raises(NimbusFault):
        wait(giving(NimbusFault("broken"), 1))
    assert wait(giving(NimbusAway("a"), NimbusFault("not the leader"), 1)) == 1
    with pytest.raises(NoSuchTopology):
        wait(giving(NoSuchTopology("no"), 1))


def test_in_the_end_it_is_over(patient):
    wait, _, _ = patient(until=time.monotonic())
    with pytest.raises(NimbusAway, match="^a$"):
        wait(giving(NimbusAway("a"), 1))


def test_who_connects_again_asks_where_it_is_now():
    """A development cluster's network is found by a process in it, which may be another one then."""
    with contextlib.ExitStack() as servers:
        places = [Address("127.0.0.1", servers.enter_context(_server()).getsockname()[1]) for _ in range(2)]
        left = list(places)

        def address():
            if not left:
                raise OperationError("its network has gone")
            return left.pop(0)

        with connect(address) as nimbus:
            assert nimbus.address == places[0]
            nimbus.reconnect()
            assert nimbus.address == places[1]
            with pytest.raises(NimbusAway, match="its network has gone"):
                nimbus.reconnect()


def _server():
    return socket.create_server(("127.0.0.1", 0))

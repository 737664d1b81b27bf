"""Two operators at once."""

import json
import os
import socket
import subprocess
import sys

import pytest

from sferic.cluster.busy import busy, refuse_if_busy
from sferic.cluster.nimbus import NimbusError
from sferic.cluster.processes import start_of


class Blobs(dict):
    address = "there:1"

    def blobs(self):
        return list(self)

    def read_blob(self, key):
        return self.get(key)

    def write_blob(self, key, data):
        return self.setdefault(key, data) is data

    def delete_blob(self, key):
        self.pop(key, None)


def test_one_is_at_it_and_others_hear_who():
    nimbus = Blobs()
    with busy(nimbus, "a", "update"):
        with pytest.raises(NimbusError, match=rf"a on there:1 is under `sferic update` of .*\(process {os.getpid()}\)"):
            refuse_if_busy(nimbus, "a")
        with pytest.raises(NimbusError, match="--take-over"), busy(nimbus, "a", "stop"):
            pass
        refuse_if_busy(nimbus, "b")
    assert nimbus == {}


def test_what_a_command_that_died_left_is_no_obstacle():
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    held = {"host": socket.gethostname(), "pid": dead.pid, "start": "then", "doing": "update"}
    nimbus = Blobs({"sferic.busy.a": json.dumps(held).encode()})
    with busy(nimbus, "a", "stop"):
        assert json.loads(nimbus["sferic.busy.a"])["doing"] == "stop"


def test_who_is_on_another_machine_must_be_taken_over():
    held = {"host": "elsewhere", "pid": os.getpid(), "start": start_of(os.getpid()), "doing": "update", "user": "ann"}
    nimbus = Blobs({"sferic.busy.a": json.dumps(held).encode()})
    with pytest.raises(NimbusError, match="of ann on elsewhere"), busy(nimbus, "a", "stop"):
        pass
    with busy(nimbus, "a", "stop", take_over=True):
        assert json.loads(nimbus["sferic.busy.a"])["doing"] == "stop"


def test_it_ends_with_a_failure_too():
    nimbus = Blobs()
    with pytest.raises(ZeroDivisionError), busy(nimbus, "a", "update"):
        raise ZeroDivisionError
    assert nimbus == {}

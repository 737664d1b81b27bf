"""Whose a checkpoint's folder is, as far as drivers can know."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field

import pytest

from sferic.runtime.spark.owner import OWNER, OtherDriver, Owner


@dataclass
class Folder:
    """A checkpoint's folder in memory."""

    folder: str = "kept"
    files: dict = field(default_factory=dict)

    def put(self, name, text):
        self.files[name] = text

    def read(self, name):
        return self.files.get(name)

    def remove(self, name):
        self.files.pop(name, None)


class Clock:
    def __init__(self):
        self.now = 0.0
        self.meanwhile = lambda: None

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        self.meanwhile()


@pytest.fixture
def clock():
    return Clock()


def owner(folder, clock, app="app-1"):
    return Owner(folder, app, clock)


def elsewhere(folder, **changes):
    folder.files[OWNER] = json.dumps(json.loads(folder.files[OWNER]) | changes)


def test_one_that_gives_signs_of_life_is_not_pushed_aside(clock):
    folder = Folder()
    first = owner(folder, clock)
    first.take()
    clock.meanwhile = first.lives
    with pytest.raises(OtherDriver, match=rf"^the checkpoint in kept .* app-1 \(process {os.getpid()} on .*\. Stop"):
        owner(folder, clock, "app-2").take(clock.sleep)
    assert clock.now < 4.0
    first.check()


def test_one_that_gives_none_is_taken_for_dead_and_ends_if_it_was_not(clock):
    folder = Folder()
    first, second = owner(folder, clock), owner(folder, clock, "app-2")
    first.take()
    elsewhere(folder, host="another machine")
    second.take(clock.sleep)
    assert clock.now >= 10.0
    for sure in (first.check, first.lives):
        with pytest.raises(OtherDriver, match="app-2 .* goes on in place of this one"):
            sure()
    first.leave()
    second.check()


def test_one_whose_process_is_gone_is_not_waited_for(clock):
    folder = Folder()
    owner(folder, clock).take()
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    elsewhere(folder, pid=int(gone.stdout))
    owner(folder, clock, "app-2").take(clock.sleep)
    assert clock.now == 0.0


def test_one_that_has_left_is_not_waited_for(clock):
    folder = Folder()
    first = owner(folder, clock)
    first.take()
    clock.meanwhile = first.leave
    owner(folder, clock, "app-2").take(clock.sleep)
    assert clock.now <= 1.0


def test_half_a_file_is_one_that_is_being_written(clock):
    folder = Folder()
    first = owner(folder, clock)
    first.take()
    whole = folder.files[OWNER]
    folder.files[OWNER] = whole[:10]
    first.check()
    folder.files[OWNER] = whole
    clock.meanwhile = lambda: folder.put(OWNER, "")
    with pytest.raises(OtherDriver):
        owner(folder, clock, "app-2").take(clock.sleep)

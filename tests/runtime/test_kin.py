"""What a process started is found and ended, whatever its parent, group and session are."""

import os
import subprocess
import sys

import pytest

from sferic.runtime.kin import MARK, end_kin, end_orphans, new_mark


@pytest.fixture
def sleeping():
    """`sleeping(mark)`: a process in a session of its own that has the mark."""
    started = []

    def start(mark):
        process = subprocess.Popen(["sleep", "600"], env={**os.environ, MARK: mark}, start_new_session=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_those_of_one_mark(sleeping):
    mine, other = new_mark(), new_mark()
    assert mine != other
    kin, stranger = sleeping(mine), sleeping(other)
    end_kin(mine)
    assert kin.wait(10) == -9
    assert stranger.poll() is None


def test_those_whose_supervisor_is_no_more(sleeping):
    say_mark = "from sferic.runtime.kin import new_mark; print(new_mark())"
    of_the_dead = subprocess.run([sys.executable, "-c", say_mark], capture_output=True, text=True, check=True).stdout
    orphan, child, odd = sleeping(of_the_dead.strip()), sleeping(new_mark()), sleeping("no mark of ours")
    end_orphans()
    assert orphan.wait(10) == -9
    assert child.poll() is None and odd.poll() is None


def test_the_caller_itself_is_left(sleeping):
    code = "import os; from sferic.runtime.kin import MARK, end_kin; end_kin(os.environ[MARK])"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, MARK: new_mark()}, check=True)

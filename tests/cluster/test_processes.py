"""Processes that are found again by pid and start."""

import subprocess
import sys

import pytest

from sferic.cluster.processes import Known, command_of, end, know

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


@pytest.fixture
def deaf():
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "deaf\n"
        yield process
        process.kill()


def test_one_that_does_not_leave_is_killed_and_told(deaf):
    told = []
    known = know(deaf.pid)
    assert known.alive and DEAF in command_of(deaf.pid)
    end([known], 0.1, told.append)
    assert told == [known]
    assert not known.alive
    assert deaf.wait() == -9


def test_one_that_leaves_is_not_told():
    process = subprocess.Popen(["sleep", "60"])
    end([know(process.pid)], 10, lambda known: pytest.fail(f"{known} left late"))
    assert process.wait() == -15


def test_a_pid_that_went_to_another_is_not_signalled(deaf):
    stranger = Known(deaf.pid, "another start")
    assert not stranger.alive
    end([stranger], 0, lambda known: pytest.fail("it was signalled"))
    stranger.signal(9)
    assert deaf.poll() is None


def test_what_nobody_has_waited_for_is_gone():
    process = subprocess.Popen(["true"])
    while know(process.pid).started:
        pass
    assert not Known(process.pid, "").alive
    process.wait()
    assert command_of(process.pid) == ""

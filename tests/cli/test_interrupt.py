"""Ctrl-C at any moment."""

import fcntl
import http.server
import os
import signal
import struct
import subprocess
import sys
import termios
import threading
import time

import pytest

from sferic.compiler.load import load
from sferic.compiler.pipeline import Options, compile_plan
from sferic.launch import launch
from sferic.runtime.local.children import Children
from sferic.runtime.observe import Outcome
from sferic.stop import LIMIT, StopOnSignal

FLOW = """
from sferic import ProducerPE, WorkflowGraph

class Ticks(ProducerPE):
    endless = True

    def _process(self, inputs):
        while True:
            self.write("output", 1)
            self.wait(0.01)

graph = WorkflowGraph()
graph.add(Ticks())
"""


@pytest.fixture
def drip():
    """A mirror that gives a few bytes of each file at a time and never ends; (address, is asked for one)."""
    asked, over = threading.Event(), threading.Event()

    class Drip(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            asked.set()
            try:
                while not over.wait(0.05):
                    self.wfile.write(b"x")
            except OSError:
                pass  # it was interrupted

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Drip)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    over.set()
    server.shutdown()
    server.server_close()
    thread.join()


def start(folder, *arguments, **environment):
    (folder / "flow.py").write_text(FLOW)
    return subprocess.Popen(
        [sys.executable, "-m", "sferic.cli", "run", "flow.py", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_first_one_ends_a_download(drip, tmp_path):
    mirror, asked = drip
    command = start(tmp_path, "--on", "storm", SFERIC_MAVEN=mirror, SFERIC_CACHE=str(tmp_path / "cache"))
    assert asked.wait(30)
    command.send_signal(signal.SIGINT)
    _, errors = command.communicate(timeout=30)
    assert command.returncode == 130
    assert "Stopping" not in errors
    assert "Traceback" not in errors


def test_on_a_storm_that_still_starts_it_is_a_stop(tmp_path):
    command = start(tmp_path, "--on", "storm")
    try:
        while not _has_a_jvm(command.pid):
            time.sleep(0.05)
        command.send_signal(signal.SIGINT)
        _, errors = command.communicate(timeout=60)
    finally:
        command.kill()
    assert command.returncode == 130
    assert "Traceback" not in errors


def _has_a_jvm(pid):
    children = subprocess.run(
        ["ps", "-ww", "--ppid", str(pid), "-o", "args="], capture_output=True, text=True, check=False
    )
    return "sferic.LocalMain" in children.stdout


@pytest.fixture
def stop():
    """The one that a command has, for once without a command."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    yield StopOnSignal()
    signal.alarm(0)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_that_comes_twice_at_once_is_one(stop, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("sferic.stop.time.monotonic", lambda: now[0])
    assert not stop.requested
    os.kill(os.getpid(), signal.SIGINT)  # as timeout(1) does: to the process, and to its group
    os.kill(os.getpid(), signal.SIGINT)
    assert stop.requested
    now[0] += 1
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_a_stop_has_a_limit(stop, capfd):
    assert not stop.requested
    os.kill(os.getpid(), signal.SIGTERM)
    assert 0 < signal.alarm(0) <= LIMIT
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGALRM)
    assert f"It has not ended within {LIMIT} s" in capfd.readouterr().err


LOUD = f"""{FLOW}
from sferic import IterativePE

class Loud(IterativePE):
    def _process(self, data):
        self.log("x" * 1000)

graph = WorkflowGraph()
graph.connect(Ticks(), "output", Loud(), "input")
"""


def _full(pipe):
    """Wait until no other line fits: who writes there is in the middle of it."""
    size = fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
    while _held(pipe) < size - 1000:
        time.sleep(0.01)


def _held(pipe):
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"1234"))[0]


@pytest.mark.parametrize("on", ["local", "multi"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_that_comes_while_something_is_printed(tmp_path, on, number):
    (tmp_path / "loud.py").write_text(LOUD)
    command = [sys.executable, "-m", "sferic.cli", "run", "loud.py", "--on", on]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        _full(process.stderr)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Stopping: sources end" in errors


SAYS = """
from sferic import ProducerPE, WorkflowGraph

class Says(ProducerPE):
    def _process(self, inputs):
        self.log("x" * 1000)

graph = WorkflowGraph()
graph.add(Says())
"""


@pytest.mark.parametrize("on", ["local", "multi"])
def test_a_run_that_shows_something_would_see_a_request(tmp_path, monkeypatch, on):
    """Otherwise the signal of somebody who saw it would end the run at once."""
    asked, shown = [], []

    class Stop:
        @property
        def requested(self):
            asked.append(True)
            return False

    class Shown(Outcome):
        def event(self, event):
            shown.append((event["event"], bool(asked)))
            super().event(event)

    start_due = Children._start_due

    def until_it_has_said_so(children):
        """The first time that the run listens, all is there."""
        pause = start_due(children)
        while not asked and _held(children._instances[0].incoming) < 1000:
            time.sleep(0.01)
        return pause

    monkeypatch.setattr(Children, "_start_due", until_it_has_said_so)
    (tmp_path / "says.py").write_text(SAYS)
    graph = load(str(tmp_path / "says.py"), []).graph
    launch(compile_plan(graph, Options(target=on), None), on, Shown(), Stop(), tmp_path)
    assert ("log", True) in shown
    assert ("log", False) not in shown

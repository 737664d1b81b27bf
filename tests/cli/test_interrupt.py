"""Ctrl-C at any moment."""

import http.server
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

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


def test_a_stop_has_a_limit(stop, capsys):
    assert not stop.requested
    os.kill(os.getpid(), signal.SIGTERM)
    assert 0 < signal.alarm(0) <= LIMIT
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGALRM)
    assert f"It has not ended within {LIMIT} s" in capsys.readouterr().err

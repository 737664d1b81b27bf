"""Ctrl-C at any moment."""

import http.server
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

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

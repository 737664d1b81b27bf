"""What a run shows: what PEs print and log, under their names, and on a terminal how far it is."""

import os
import pty
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import current_thread, main_thread

import pytest

import sferic
from sferic.runtime.host import step
from sferic.runtime.process import capture_output

FLOW = """
import logging, sys, sferic

class Source(sferic.ProducerPE):
    def _process(self, inputs):
        print("printed by the source")
        sys.stdout.buffer.write("bytes, 3 × 9\\nin two lines\\n".encode())
        print("half a surrogate pair: \\udc80", sys.stdout.encoding)
        self.write("output", 1)

class Middle(sferic.IterativePE):
    numprocesses = 2
    def _process(self, data):
        print("printed\\nin two lines")
        self.log("logged")
        logging.getLogger("any").warning("warned of %s", data)
        return data

class Last(sferic.IterativePE):
    def _process(self, data):
        print("no line's end", end="")
        return data

graph = sferic.WorkflowGraph()
middle, last = Middle(), Last()
graph.connect(Source(), "output", middle, "input")
graph.connect(middle, "output", last, "input")
"""
SAID = {
    "[Source 0] printed by the source",
    "[Source 0] bytes, 3 × 9",
    "[Source 0] in two lines",
    "[Source 0] half a surrogate pair: \\udc80 utf-8",
    "[Middle 0] printed",
    "[Middle 0] in two lines",
    "[Middle 0] logged",
    "[Middle 0] warned of 1",
    "[Last 0] no line's end",
}
RESULT = '{"pe": "Last", "port": "output", "value": 1}\n'


def command(path, *options):
    return [sys.executable, "-m", "sferic.cli", "run", str(path), *options]


@pytest.fixture
def flow(tmp_path):
    path = tmp_path / "shown.py"
    path.write_text(FLOW)
    return path


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
@pytest.mark.parametrize("fuse", ["auto", "none"])
def test_what_pes_say_is_shown_under_their_names(flow, on, fuse):
    if (on, fuse) == ("storm", "auto"):
        return  # the same processes, and a JVM takes seconds
    done = subprocess.run(command(flow, "--on", on, "--fuse", fuse), capture_output=True, text=True, check=True)
    assert done.stdout == RESULT
    said = done.stderr.splitlines()
    assert SAID <= set(said)
    assert [line for line in said if "Traceback" in line or "\r" in line] == []


def test_lines_of_several_threads_stay_apart():
    told = []
    other = ThreadPoolExecutor(1)
    put_back = capture_output(told.append, lambda: ("host" if current_thread() is main_thread() else "source", 0))
    try:
        other.submit(print, "a line ", end="").result()
        print("of the host's", end=" ", flush=True)
        other.submit(print, "of the source's", flush=True).result()
        print("thread")
        other.submit(sys.stdout.buffer.write, "cut here: ×".encode()[:-1]).result()
        other.submit(sys.stdout.buffer.write, "×\nlast".encode()[1:]).result()
    finally:
        put_back()
        other.shutdown()
    # The host's flush is for all, as at the end of a run.
    assert [(event["pe"], event["text"]) for event in told] == [
        ("source", "a line "),
        ("host", "of the host's "),
        ("source", "of the source's"),
        ("host", "thread"),
        ("source", "cut here: ×"),
        ("source", "last"),
    ]


def test_nothing_but_results_where_a_program_reads(flow):
    done = subprocess.run(command(flow, "--json"), capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (RESULT, "")


@pytest.mark.parametrize("on", ["local", "multi"])
def test_a_call_of_run_shows_what_pes_log(on, capfd):
    class Says(sferic.IterativePE):
        def _process(self, data):
            self.log(f"got {data}")
            print("by the way")

    class Source(sferic.ProducerPE):
        def _process(self, inputs):
            self.write("output", 1)

    graph = sferic.WorkflowGraph()
    graph.connect(Source(), "output", Says(), "input")
    sferic.run(graph, on=on)
    out, err = capfd.readouterr()
    assert "[Says 0] got 1" in err
    assert "by the way" in out


@pytest.mark.parametrize("ports", [["output"], ["output", "other"]])
def test_an_item_that_writes_very_much_is_named_once(ports, capfd, monkeypatch):
    monkeypatch.setattr(step, "_MANY", 5000)  # of a million the results alone would take seconds

    class Two(sferic.ProducerPE):
        def _process(self, inputs):
            yield from ("little", "much", "much")

    class Explodes(sferic.GenericPE):
        def __init__(self):
            super().__init__()
            self.add_input("input")
            for port in ports:
                self.add_output(port)

        def process(self, inputs):
            for _ in range(5000 if inputs["input"] == "much" else 999):
                self.write("output", None)

    graph = sferic.WorkflowGraph()
    graph.connect(Two(), "output", Explodes(), "input")
    sferic.run(graph)
    [line] = capfd.readouterr().err.splitlines()
    assert line.startswith("[Explodes 0] wrote about 5,000 items for one, 'much'. They are held in memory")


SLOW = """
import select, sys, sferic

class Source(sferic.ProducerPE):
    def _process(self, inputs):
        for number in range(10):
            self.write("output", number)
        sys.stdin.readline()

class Half(sferic.IterativePE):
    on_failure = "skip"
    def _process(self, data):
        1 / (data % 2)

graph = sferic.WorkflowGraph()
graph.connect(Source(), "output", Half(), "input")
"""


@pytest.mark.parametrize("on", ["local", "multi"])
def test_progress_on_a_terminal(tmp_path, on):
    (tmp_path / "slow.py").write_text(SLOW)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command(tmp_path / "slow.py", "--on", on), stdin=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    shown = ""
    while not re.search(r"11 items, [\d,]+/s, 5 failed", shown):
        shown += os.read(ours, 1000).decode()
    process.communicate(b"go on\n")
    assert process.wait() == 3
    os.close(ours)


WAITS = """
import sys, sferic

class Source(sferic.ProducerPE):
    endless = True
    def _process(self, inputs):
        for line in sys.stdin:
            self.write("output", line)

class Says(sferic.IterativePE):
    def _process(self, data):
        self.log("here")
    def _postprocess(self):
        self.write("output", "end")

graph = sferic.WorkflowGraph()
graph.connect(Source(), "output", Says(), "input")
"""


@pytest.mark.parametrize("on", ["local", "multi"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_source_that_waits_for_its_input(tmp_path, on, number):
    (tmp_path / "waits.py").write_text(WAITS)
    started = command(tmp_path / "waits.py", "--on", on)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(started, text=True, **pipes) as process:
        process.stdin.write("line\n")
        process.stdin.flush()
        assert process.stderr.readline() == "[Says 0] here\n"
        process.send_signal(number)
        assert process.stdout.read() == '{"pe": "Says", "port": "output", "value": "end"}\n'
        assert process.wait() == 130
        assert "Fatal" not in process.stderr.read()


LOUD = """
import sys, traceback, sferic

class Numbers(sferic.ProducerPE):
    def _process(self, inputs):
        yield from range(40)

class Loud(sferic.IterativePE):
    numprocesses = 2
    def _process(self, number):
        try:
            raise ValueError(number)
        except ValueError:
            traceback.print_exc()
            print("a line", file=sys.stderr)

graph = sferic.WorkflowGraph()
graph.connect(Numbers(), "output", Loud(), "input")
"""


def test_a_traceback_that_a_pe_prints_is_shown_as_one(tmp_path):
    (tmp_path / "w.py").write_text(LOUD)
    done = subprocess.run(command(tmp_path / "w.py", "--on", "multi"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    whole = r"^\[Loud [01]\] Traceback \(most recent call last\):\n(?:  .*\n)+ValueError: (\d+)$"
    assert sorted(map(int, re.findall(whole, done.stderr, re.MULTILINE))) == list(range(40))
    assert len(re.findall(r"^\[Loud", done.stderr, re.MULTILINE)) == 80, "each once, and the lines between them"

"""Real processes that die, lie and babble: the run goes on, or says what was lost."""

import faulthandler
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import sferic
from sferic.cluster.processes import command_of

TARGETS = ["multi", "storm"]


class Numbers(sferic.ProducerPE):
    def __init__(self, count):
        super().__init__()
        self.count = count

    def _process(self, inputs):
        for number in range(self.count):
            self.write("output", number)


class DiesOnce(sferic.IterativePE):
    """Its process is killed at one item, the first time only; it keeps nothing between items."""

    stateless = True

    def __init__(self, marker):
        super().__init__()
        self.marker = marker

    def _process(self, data):
        if data == 700 and not Path(self.marker).exists():
            Path(self.marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return data


class Starts(DiesOnce):
    """Starts processes that mind nobody's end: in a session of their own, and with nobody left as their parent."""

    def __init__(self, marker, sleep):
        super().__init__(marker)
        self.sleep = sleep

    def preprocess(self):
        self.far = subprocess.Popen(["sleep", self.sleep], start_new_session=True)
        subprocess.run(["sh", "-c", f"setsid sleep {self.sleep} >/dev/null 2>&1 &"], check=True)


class Poisoned(sferic.IterativePE):
    """One item kills its process natively, always."""

    on_failure = "skip"

    def __init__(self, way):
        super().__init__()
        self.way = way

    def _process(self, data):
        if data == 13:
            if self.way == "segfault":
                faulthandler.disable()  # else the tests' own prints a traceback for it, as if a test had crashed
                os.kill(os.getpid(), signal.SIGSEGV)
            os._exit(0)
        return data


class Babbles(sferic.IterativePE):
    def _process(self, data):
        os.write(1, b"\x00\xff not a frame \n" * 10)
        os.write(2, b"noise\n" * 200)
        print("a print", data)
        return data


class Same(sferic.IterativePE):
    stateless = True

    def _process(self, data):
        return data


class Keeps(sferic.IterativePE):
    """Has state, and dies once after it has some.

    Small batches of some work each, so that several are answered before: what came in unanswered ones is not lost.
    """

    batch = {"items": 50}

    def __init__(self, marker):
        super().__init__()
        self.marker = marker
        self.seen = 0

    def _process(self, data):
        self.seen += 1
        time.sleep(0.0002)
        if self.seen == 600 and not Path(self.marker).exists():
            Path(self.marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)

    def _postprocess(self):
        self.write("output", self.seen)


class Positioned(sferic.ProducerPE):
    """Goes on from where it was."""

    batch = {"items": 50}

    def read(self, position):
        for number in range(position or 0, 1000):
            yield number, number + 1


class DiesAlwaysWithState(sferic.IterativePE):
    batch = {"items": 50}

    def __init__(self):
        super().__init__()
        self.seen = 0

    def _process(self, data):
        self.seen += 1
        time.sleep(0.0002)
        if self.seen == 600:
            os.kill(os.getpid(), signal.SIGKILL)


class Exits(sferic.IterativePE):
    on_failure = "skip"

    def _process(self, data):
        if data % 2:
            sys.exit(0)
        return data


def pipeline(*pes):
    graph = sferic.WorkflowGraph()
    for before, after in zip(pes, pes[1:], strict=False):
        graph.connect(before, "output", after, "input")
    return graph


@pytest.mark.parametrize("on", TARGETS)
def test_a_killed_child_without_state_loses_nothing(on, tmp_path):
    pe = DiesOnce(str(tmp_path / "died"))
    results = sferic.run(pipeline(Numbers(2000), pe), on=on)
    assert (tmp_path / "died").exists()
    assert sorted(set(results[pe]["output"])) == list(range(2000))


@pytest.mark.parametrize("on", TARGETS)
@pytest.mark.parametrize("way", ["segfault", "exit 0"])
def test_an_item_that_kills_its_process_twice_fails_alone(on, way):
    pe = Poisoned(way)
    results = sferic.run(pipeline(Numbers(100), pe), on=on)
    assert sorted(set(results[pe]["output"])) == [n for n in range(100) if n != 13]
    assert [failure["item"] for failure in results.failures] == ["13"]
    assert "twice" in results.failures[0]["error"]


@pytest.mark.parametrize("on", TARGETS)
def test_what_a_pe_prints_never_reaches_the_protocol(on, capfd):
    pe = Babbles()
    results = sferic.run(pipeline(Numbers(20), pe), on=on)
    assert results[pe]["output"] == list(range(20))


@pytest.mark.parametrize("on", TARGETS)
def test_lost_state_makes_a_finite_run_begin_again(on, tmp_path):
    pe = Keeps(str(tmp_path / "died"))
    results = sferic.run(pipeline(Numbers(1000), pe), on=on)
    assert (tmp_path / "died").exists()
    assert results[pe]["output"] == [1000]


@pytest.mark.parametrize("on", TARGETS)
def test_a_source_that_goes_on_does_not_bring_back_its_neighbours_state(on, tmp_path):
    source, pe, other = Positioned(), Keeps(str(tmp_path / "died")), Same()
    graph = pipeline(source, pe)
    graph.connect(source, "output", other, "input")
    graph.partitions = [[source, pe], [other]]
    results = sferic.run(graph, on=on)
    assert (tmp_path / "died").exists()
    assert results[pe]["output"] == [1000]
    assert results[other]["output"] == list(range(1000))


@pytest.mark.parametrize("on", TARGETS)
def test_an_item_that_kills_beside_its_source_fails_alone(on):
    source, pe = Positioned(), Poisoned("segfault")
    pe.stateless = True
    graph = pipeline(source, pe)
    graph.partitions = [[source, pe]]
    results = sferic.run(graph, on=on)
    assert sorted(set(results[pe]["output"])) == [number for number in range(1000) if number != 13]
    assert [failure["item"] for failure in results.failures] == ["13"]


@pytest.mark.parametrize("on", TARGETS)
def test_state_lost_again_ends_the_run_naming_the_instance(on):
    with pytest.raises(sferic.WorkflowFailed, match=r"DiesAlwaysWithState \(instance 0\).*state is lost"):
        sferic.run(pipeline(Numbers(1000), DiesAlwaysWithState()), on=on)


@pytest.mark.parametrize("on", ["local", *TARGETS])
def test_sys_exit_fails_the_item_only(on):
    pe = Exits()
    results = sferic.run(pipeline(Numbers(20), pe), on=on)
    assert results[pe]["output"] == list(range(0, 20, 2))
    assert len(results.failures) == 10


def test_no_process_outlives_a_killed_command(tmp_path):
    """kill -9 of the command: its children see their pipe's end and leave."""
    script = tmp_path / "endless.py"
    script.write_text(
        "import os, pathlib, time\n"
        "from sferic import *\n"
        f"HERE = pathlib.Path({str(tmp_path)!r})\n"
        "class Ticks(ProducerPE):\n"
        "    endless = True\n"
        "    def _process(self, inputs):\n"
        "        while True:\n"
        "            self.write('output', 1)\n"
        "            time.sleep(0.01)\n"
        "class Pid(IterativePE):\n"
        "    def _process(self, data):\n"
        "        (HERE / f'pid-{os.getpid()}').touch()\n"
        "graph = WorkflowGraph()\n"
        "graph.connect(Ticks(), 'output', Pid(), 'input')\n"
    )
    import subprocess

    command = subprocess.Popen([sys.executable, "-m", "sferic.cli", "run", str(script), "--on", "multi"])
    pids = _until(lambda: [int(path.name[4:]) for path in tmp_path.glob("pid-*")])
    command.kill()
    command.wait()
    _until(lambda: not any(_alive(pid) for pid in pids))


def test_a_terminated_endless_run_drains_and_says_so(tmp_path):
    script = tmp_path / "endless.py"
    script.write_text(
        "import pathlib, time\n"
        "from sferic import *\n"
        f"HERE = pathlib.Path({str(tmp_path)!r})\n"
        "class Ticks(ProducerPE):\n"
        "    endless = True\n"
        "    def _process(self, inputs):\n"
        "        while True:\n"
        "            self.write('output', 1)\n"
        "            time.sleep(0.01)\n"
        "class Count(IterativePE):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.seen = 0\n"
        "    def _process(self, data):\n"
        "        self.seen += 1\n"
        "        (HERE / 'going').touch()\n"
        "    def _postprocess(self):\n"
        "        (HERE / 'post').write_text(str(self.seen))\n"
        "graph = WorkflowGraph()\n"
        "graph.connect(Ticks(), 'output', Count(), 'input')\n"
    )
    import subprocess

    command = subprocess.Popen([sys.executable, "-m", "sferic.cli", "run", str(script), "--on", "multi"])
    _until((tmp_path / "going").exists)
    command.terminate()
    assert command.wait(30) == 130
    assert int((tmp_path / "post").read_text()) > 0


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _until(condition):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("it never came true")


@pytest.mark.parametrize("on", TARGETS)
def test_what_a_child_started_ends_with_it(on, tmp_path):
    sleep = f"86400.{os.getpid()}{TARGETS.index(on)}"
    pe = Starts(str(tmp_path / "died"), sleep)
    results = sferic.run(pipeline(Numbers(1000), pe), on=on)
    assert (tmp_path / "died").exists()
    assert sorted(set(results[pe]["output"])) == list(range(1000))
    commands = [command_of(int(process.name)) for process in Path("/proc").glob("[1-9]*")]
    assert [command for command in commands if sleep in command] == []

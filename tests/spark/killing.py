"""A job that is submitted, whose processes a test finds and kills; and what a plain loop says it must give."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pyspark

from sferic.cluster.processes import command_of, start_of
from sferic.cluster.spark_install import spark_environment

KEYS = 17
WORKFLOW = '''
import os
import signal
import time
from pathlib import Path

from sferic import IterativePE, ProducerPE, WorkflowGraph


def noted(folder, pe):
    """Who holds this instance: its own process, and the one above it."""
    (Path(folder) / f"{pe.name}-{pe.rank}-{os.getpid()}").write_text(str(os.getppid()))


class Numbers(ProducerPE):
    def __init__(self, count, seconds):
        super().__init__()
        self.count, self.seconds = count, seconds

    def read(self, position):
        for number in range(position or 0, self.count):
            if number % 10 == 0:
                self.wait(10 * self.seconds)
            yield number, number + 1


class Keyed(IterativePE):
    """Of two instances, dealt to in turn; one item ends its process."""

    stateless = True
    on_failure = "dead-letter"
    numprocesses = 2

    def __init__(self, folder, seconds):
        super().__init__()
        self.folder, self.seconds = folder, seconds

    def _preprocess(self):
        noted(self.folder, self)

    def _process(self, number):
        time.sleep(self.seconds)
        if number == 77:
            os.kill(os.getpid(), signal.SIGKILL)
        if number % 1000 == 999:
            raise ValueError(number)
        return (number * 31 % 17, number)


class Count(IterativePE):
    numprocesses = 2

    def __init__(self, folder, seconds):
        super().__init__()
        self.inputconnections["input"]["grouping"] = [0]
        self._add_output("each")
        self.folder, self.seconds = folder, seconds
        self.counts = {}

    def _preprocess(self):
        noted(self.folder, self)

    def process(self, inputs):
        key, number = inputs["input"]
        time.sleep(self.seconds)
        self.counts[key] = self.counts.get(key, 0) + 1
        if number % 50 == 0:
            self.write("each", number)

    def _postprocess(self):
        for pair in self.counts.items():
            self.write("output", pair)


class Sum(IterativePE):
    """The other branch of the fork."""

    def __init__(self):
        super().__init__()
        self.inputconnections["input"]["grouping"] = "global"
        self.sum = 0

    def _process(self, pair):
        self.sum += pair[1]

    def _postprocess(self):
        self.write("output", self.sum)


def build(folder, count=3000, source=0.003, each=0.0):
    graph = WorkflowGraph("killed")
    keyed = Keyed(folder, each)
    graph.connect(Numbers(count, source), "output", keyed, "input")
    graph.connect(keyed, "output", Count(folder, each), "input")
    graph.connect(keyed, "output", Sum(), "input")
    return graph
'''


class Job:
    """One that is submitted, as often as it takes; its checkpoint is one folder."""

    def __init__(self, folder, cluster, mode, workflow=WORKFLOW, **params):
        """`cluster`: None for a Spark in the driver's own JVM."""
        self.folder, self.cluster, self.mode = folder, cluster, mode
        self.process, self.said, self.killed, self.executors_seen = None, [], [], set()
        self.runs = set()
        (folder / "notes").mkdir()
        (folder / "killed.py").write_text(workflow)
        command = [sys.executable, "-m", "sferic.cli", "compile", "killed.py", "--to", "spark", "--mode", mode]
        given = {"folder": folder / "notes", **params}
        said = [part for name, value in given.items() for part in ("-p", f"{name}={value}")]
        subprocess.run([*command, *said, "--fuse", "none", "-o", "out"], cwd=folder, check=True, capture_output=True)

    def submit(self):
        master = "local[2]" if self.cluster is None else self.cluster.master
        home = Path(pyspark.__file__).parent
        small = ["--total-executor-cores", "2", "--executor-cores", "1", "--executor-memory", "512m"]
        small += ["--driver-memory", "512m", "--conf", "spark.ui.enabled=false"]
        archives = ["--py-files", "out/flow.zip", "--archives", "out/packages.zip#packages"]
        command = [home / "bin" / "spark-submit", "--master", master, *small, *archives, "out/job.py"]
        command += ["--results", "results", "--dead-letters", "letters", "--status", "status"]
        if self.mode == "dstream":
            command += ["--checkpoint", str(self.folder / "kept"), "--interval", "0.2"]
        self.said.append(self.folder / f"said{len(self.said)}")
        with self.said[-1].open("wb") as said:
            self.process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=spark_environment(loopback=True),
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def kill_driver(self):
        """With its JVM."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self):
        """Whatever the test came to."""
        if self.process is not None and self.process.poll() is None:
            self.kill_driver()

    def text(self):
        return "\n".join(path.read_text() for path in self.said)

    def runs_on(self):
        assert self.process.poll() is None, self.text()

    def until(self, found):
        """What `found` gives, once it gives something."""
        while not (what := found()):
            self.runs_on()
            time.sleep(0.2)
        return what

    def done(self, stage):
        """How many instances of it have said how they ended."""
        path = self.folder / "status"
        return path.exists() and json.loads(path.read_text()).get("stages", {}).get(stage, {}).get("done", 0)

    def executors(self):
        if self.cluster is None:
            return [self.process.pid]
        here = [pid for pid in below(self.cluster.daemons["worker"].pid) if "CoarseGrained" in command_of(pid)]
        self.executors_seen.update(here)
        return here

    def workers(self):
        """Spark's Python workers, which run tasks."""
        found = [pid for executor in self.executors() for pid in below(executor)]
        daemons = {pid for pid in found if "pyspark.daemon" in command_of(pid)}
        return [pid for pid in daemons if parent_of(pid) in daemons and pid not in map(holder, self.notes())]

    def notes(self):
        return list((self.folder / "notes").iterdir())

    def hosts(self):
        """Processes in which PEs are."""
        return [pid for pid in map(host, self.notes()) if start_of(pid)]

    def keepers(self):
        """Those that hold them between supersteps."""
        return [pid for pid in map(holder, self.notes()) if start_of(pid)]

    def marks(self):
        return sorted(path.name for path in (self.folder / "kept").glob("superstep-*"))

    def next_mark(self):
        before = self.marks()
        self.until(lambda: self.marks() not in ([], before))
        with contextlib.suppress(FileNotFoundError):  # there is a newer one
            self.runs.add(json.loads((self.folder / "kept" / self.marks()[-1]).read_text())["run"])

    def kill_one_of(self, whom, chance):
        pids = self.until(getattr(self, whom))
        pid = chance.choice(pids)
        self.killed.append(pid)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def left(self):
        """What of it still runs."""
        pids = [*self.executors_seen, *map(host, self.notes()), *map(holder, self.notes())]
        folders = [path for run in self.runs for path in Path(tempfile.gettempdir()).glob(f"sferic-{run}-*")]
        return [command_of(pid) for pid in pids if start_of(pid)] + folders


def host(note):
    return int(note.name.rpartition("-")[2])


def holder(note):
    return int(note.read_text() or 0)


def parent_of(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def below(pid):
    """All that it started, and they in turn."""
    parents = {int(path.name): parent_of(int(path.name)) for path in Path("/proc").glob("[1-9]*")}
    found, new = set(), {pid}
    while new:
        new = {child for child, parent in parents.items() if parent in new} - found
        found |= new
    return sorted(found)


def check(job, count):
    """The counts of a plain loop; nothing is left."""
    assert job.process.wait() == 3, job.text()  # some items failed
    good = [number for number in range(count) if number % 1000 != 999 and number != 77]
    results = [json.loads(line) for line in (job.folder / "results").read_text().splitlines()]

    def of(pe, port):
        return Counter(str(one["value"]) for one in results if (one["pe"], one["port"]) == (pe, port))

    counts = Counter(number * 31 % KEYS for number in good)
    assert of("Count", "output") == Counter(str([key, count]) for key, count in counts.items())
    assert of("Count", "each") == Counter(str(number) for number in good if number % 50 == 0)
    assert of("Sum", "output") == Counter([str(sum(good))])
    letters = [int(json.loads(line)["item"]) for line in (job.folder / "letters").read_text().splitlines()]
    assert sorted(letters) == sorted([77, *range(999, count, 1000)])
    while job.left():
        time.sleep(0.1)

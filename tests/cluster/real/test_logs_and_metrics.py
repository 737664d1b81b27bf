"""What operators see of a topology besides its status: Storm's metrics by a reporter, logs, errors. One for all."""

import importlib.util
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from sferic.cluster import development
from sferic.cluster.nimbus import connect
from sferic.cluster.status import look
from sferic.cluster.topologies import find

_spec = importlib.util.spec_from_file_location("real_conftest", Path(__file__).with_name("conftest.py"))
_shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)
until = _shared.until

pytestmark = pytest.mark.timeout(400)  # the first one has the whole life of the topology before it

NAME = "loud"
FIRST = 1000  # items that come at once; then one every now and then, until it is to stop
FLOOD = 5000
WORKFLOW = '''
import logging, os, signal, sys, time, traceback
from pathlib import Path

from sferic import IterativePE, ProducerPE, WorkflowGraph

FIRST, FLOOD = 1000, 5000


class Numbers(ProducerPE):
    endless = True

    def read(self, position):
        number = 0
        while True:
            yield number, number
            number += 1
            if number >= FIRST:
                self.wait(0.05)


class Picky(IterativePE):
    stateless = True
    numprocesses = 2
    on_failure = "dead-letter"

    def _process(self, number):
        if number == 3:
            print("printed")
            self.log("said with log")
            logging.getLogger("any").warning("warned\\nin two lines")
            print("said on stderr", file=sys.stderr)
            try:
                raise KeyError("shown, not raised")
            except KeyError:
                traceback.print_exc()
        if number >= FIRST:
            logging.getLogger("any").debug("a detail of %d", number)
        if number % 100 == 7:
            raise ValueError(f"no {number}")
        return number, number


class Failing(IterativePE):
    stateless = True
    on_failure = "skip"

    def _process(self, number):
        if number < FIRST:
            raise LookupError(f"nothing at {number}")


class Fragile(IterativePE):
    """Dies once, with state; and prints more than anybody reads."""

    def __init__(self, died):
        super().__init__()
        self.died, self.seen = died, 0

    def _process(self, number):
        self.seen += 1
        if number == 10:
            for line in range(FLOOD):
                print("flood", line)
        if number == FIRST + 5 and not Path(self.died).exists():
            Path(self.died).touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Sum(IterativePE):
    def __init__(self):
        super().__init__()
        self.sum = 0

    def _process(self, pair):
        self.sum += pair[0]

    def _postprocess(self):
        self.write("output", self.sum)


def build(folder):
    graph = WorkflowGraph("loud")
    numbers, picky = Numbers(), Picky()
    graph.connect(numbers, "output", picky, "input")
    graph.connect(picky, "output", Sum(), "input")
    graph.connect(numbers, "output", Failing(), "input")
    graph.connect(numbers, "output", Fragile(f"{folder}/died"), "input")
    return graph
'''


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loud")
    (folder / "loud_w.py").write_text(WORKFLOW)
    (folder / "csv").mkdir()
    return folder


@dataclass
class Seen:
    """What was there to be seen of the topology."""

    running: dict  # rows of the status while it ran, with all that they can have
    rows: dict  # and when it had ended
    entries: list  # of the log
    errors: Counter  # that Storm had, by component
    total: int  # what came out
    csv: Path

    def metric(self, pe, rank, what):
        """What the reporter wrote last."""
        [file] = self.csv.glob(f"storm.topology.*-sferic.{pe}.{rank}.{what}.csv")
        return float(file.read_text().splitlines()[-1].split(",")[1])

    def said(self, pe, rank=0):
        """(level, text) of what an instance said."""
        return [(entry["level"], entry["text"]) for entry in self.entries if (entry["pe"], entry["rank"]) == (pe, rank)]


@pytest.fixture(scope="module")
def seen(sferic, cluster, place):
    """The topology has run."""
    reporter = {
        "class": "org.apache.storm.metrics2.reporters.CsvStormReporter",
        "report.period": 1,
        "report.period.units": "SECONDS",
        "csv.log.dir": str(place / "csv"),
    }
    more = {
        "topology.metrics.reporters": [reporter],
        "topology.max.error.report.per.interval": 2,
        "topology.error.throttle.interval.secs": 600,
    }
    try:
        compiled = sferic("compile", f"{place}/loud_w.py:build", "-p", f"folder={place}", "--to", "storm",
                          "--fuse", "none", "-o", str(place / "jar"))  # fmt: skip
        assert compiled.returncode == 0, compiled.stderr
        # Reporters are the operator's to name: what `sferic submit` takes along names none.
        submitted = _shared.storm_jar(cluster, place / "jar" / "loud_w.jar", NAME, more)
        assert submitted.returncode == 0, submitted.stdout + submitted.stderr
        yield watch(sferic, cluster, place)
    finally:
        sferic("kill", NAME)


def watch(sferic, cluster, place):
    until(lambda: rows(cluster).get("Sum", {}).get("in", 0) >= FIRST * 0.99 and (place / "died").exists())
    [log] = cluster.logs.glob(f"workers-artifacts/{NAME}-*/*/worker.log")
    assert "a detail of" not in log.read_text()
    done = sferic("log-level", NAME, "Picky=DEBUG", "--for", "600")
    assert done.stdout == "sferic.pe.Picky: DEBUG\n", done.stderr
    until(lambda: "a detail of" in log.read_text())
    running = until(lambda: with_all(rows(cluster)))
    with connect(development.running(cluster).address) as nimbus:
        topology = find(nimbus, NAME).id
        told = nimbus.call("getTopologyInfo", topology).errors
        nimbus.put_blob(f"sferic.{topology}.orders", b"stop")  # the workers stay, and tell the last numbers
    logged = entries(sferic)
    results = sferic("results", NAME, "--follow")
    assert results.returncode == 0, results.stderr
    errors = Counter({stage: len(errors) for stage, errors in told.items()})
    seen = Seen(running, rows(cluster), logged, errors, json.loads(results.stdout)["value"], place / "csv")
    until(lambda: sum(seen.metric("Picky", rank, "in") for rank in (0, 1)) == seen.rows["Picky"]["in"])
    return seen


def with_all(found):
    names = ("latency_ms", "memory_bytes", "cpu_seconds")
    whole = all(found["Picky"][name] for name in names) and found["Fragile"]["lost"]
    return found if whole else None


def rows(cluster):
    with connect(development.running(cluster).address) as nimbus:
        return look(nimbus, NAME)["pes"]


def entries(sferic, *options):
    done = sferic("logs", NAME, "-n", "1000000", "--json", *options)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_counts_are_those_of_a_plain_loop(seen):
    count = int(seen.rows["Numbers"]["out"])
    failed, total = 0, 0
    for number in range(count):
        if number % 100 == 7:
            failed += 1
        else:
            total += number
    assert count >= FIRST and seen.total == total
    picky = {name: seen.rows["Picky"][name] for name in ("in", "out", "failed", "retried")}
    assert picky == {"in": count, "out": count - failed, "failed": failed, "retried": 0}
    assert seen.rows["Failing"]["failed"] == FIRST
    for what, expected in picky.items():
        assert seen.metric("Picky", 0, what) + seen.metric("Picky", 1, what) == expected
    assert min(seen.metric("Picky", rank, "in") for rank in (0, 1)) > 0
    assert (seen.metric("Fragile", 0, "restarts"), seen.metric("Fragile", 0, "lost")) == (1, 1)
    assert (seen.rows["Fragile"]["restarts"], seen.rows["Fragile"]["lost"]) == (1, 1)


def test_processes_say_what_they_take(seen):
    picky = seen.running["Picky"]
    assert 2 * 10e6 < picky["memory_bytes"] < 2 * 200e6, "of two processes"
    assert picky["cpu_seconds"] > 0
    assert picky["latency_ms"] > 0 and picky["queued_bytes"] >= 0
    assert seen.metric("Picky", 0, "memory_bytes") < picky["memory_bytes"]
    assert seen.metric("Picky", 0, "cpu_seconds") > 0


def test_what_pes_say_is_in_the_log_by_level_pe_and_instance(seen):
    [rank] = {entry["rank"] for entry in seen.entries if entry["text"] == "printed"}
    said = [pair for pair in seen.said("Picky", rank) if not pair[1].startswith("failed on")]
    for pair in (
        ("INFO", "printed"),
        ("INFO", "said with log"),
        ("WARN", "warned\nin two lines"),
        ("WARN", "said on stderr"),
    ):
        assert said.count(pair) == 1
    [(level, text)] = [pair for pair in said if "shown, not raised" in pair[1]]
    assert level == "ERROR"
    assert text.startswith("Traceback (most recent call last):\n  File ")
    assert text.endswith("KeyError: 'shown, not raised'")
    assert {level for level, text in said if text.startswith("a detail of")} == {"DEBUG"}


def test_failures_are_logged_once_with_their_traceback(seen):
    failed = [entry for entry in seen.entries if entry["text"].endswith("ValueError: no 7")]
    assert [(entry["pe"], entry["level"]) for entry in failed] == [("Picky", "ERROR")]
    assert failed[0]["text"].startswith("failed on 7: ValueError: no 7 (dead-letter)\nTraceback ")
    assert failed[0]["text"].endswith('raise ValueError(f"no {number}")\nValueError: no 7')


def test_a_death_and_a_loss_are_a_line_each(seen):
    said = [pair for pair in seen.said("Fragile") if "flood" not in pair[1]]
    [died] = [text for level, text in said if level == "WARN" and "was killed by signal 9" in text]
    [lost] = [text for level, text in said if level == "ERROR" and "its state is lost" in text]
    assert "\n" not in died + lost
    assert " at item " in died and "It is replaced" in died


def test_floods_are_limited_and_counted(seen):
    said = [text for _, text in seen.said("Fragile")]
    shown = sum(text.startswith("flood ") for text in said)
    hidden = sum(int(found[1]) for text in said if (found := re.match(r"\((\d+) more lines", text)))
    assert 0 < shown < FLOOD // 2
    assert shown + hidden == FLOOD
    failures = [text for _, text in seen.said("Failing")]
    assert any(text.startswith("failed on ") for text in failures)
    assert any("more lines were not shown" in text for text in failures)


def test_storm_is_told_of_failures_and_not_of_a_flood(seen):
    assert seen.errors["Failing"] == 2
    assert seen.errors["Fragile"] == 2, "its death and its loss"

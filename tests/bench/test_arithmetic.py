"""The benchmark's own sums: what it says of others and of us must be right."""

import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def bench(monkeypatch):
    """Imports a module of the benchmark, which stands apart from the product."""
    monkeypatch.syspath_prepend(str(BENCH))
    known = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - known:
        if str(BENCH) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_measures_take_turns_and_the_first_turn_does_not_count(bench):
    calls = []

    def measure(name):
        calls.append(name)
        return len(calls)

    taken = bench("harness").interleaved([lambda: measure("a"), lambda: measure("b")], 2)
    assert calls == ["a", "b"] * 3
    assert taken == [[3, 5], [4, 6]]
    calls.clear()
    assert bench("harness").interleaved([lambda: measure("a")], 2, warm_up=False) == [[1, 2]]


def test_rows_measured_earlier_stay_and_each_has_its_place(bench, tmp_path, monkeypatch):
    harness = bench("harness")
    monkeypatch.setattr(harness, "FOLDER", tmp_path)
    row = harness.Row("words", "peer", 2.0, 3.0, "words/s", 1.5, "≥ 1 ×", reached=True)
    other = harness.Row("start", "", None, 5.0, "s", None, "≤ 8", reached=True)
    harness.write([row, other])
    harness.write([harness.Row("words", "peer", 2.0, 1.0, "words/s", 0.5, "≥ 1 ×", reached=False)])
    rows = json.loads((tmp_path / "results.json").read_text())
    assert [(r["name"], r["ours"], r["reached"]) for r in rows] == [("words", 1.0, False), ("start", 5.0, True)]
    assert set(rows[0]) >= {"name", "peer", "peer_value", "ours", "unit", "ratio", "bar", "reached"}


def test_a_quantile_is_the_smallest_value_that_so_many_do_not_exceed(bench):
    quantile = bench("rows.storm_latency").quantile
    values = [float(n) for n in range(1, 101)]
    assert (quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1.0)) == (50.0, 99.0, 100.0)
    assert quantile([7.0], 0.5) == 7.0


def test_the_name_of_a_process_may_hold_anything(bench):
    ticks = os.sysconf("SC_CLK_TCK")
    fields = ["S", "41", *map(str, range(3, 50))]
    stat = bench("processes").parse_stat(f"42 (a ) (b) {' '.join(fields)}\n")
    assert stat.parent == 41
    assert (stat.own, stat.waited) == ((int(fields[11]) + int(fields[12])) / ticks,
                                       (int(fields[13]) + int(fields[14])) / ticks)  # fmt: skip


def test_cpu_of_a_tree_has_those_who_left(bench):
    # More than what is waited for: the kernel tells user and system time in whole ticks, cut down.
    burn = "import time; t = time.process_time()\nwhile time.process_time() - t < 0.5: pass"
    tree = (
        "import subprocess, sys; sys.stdin.readline()\n"
        f"subprocess.run([sys.executable, '-c', {burn!r}], stdin=subprocess.DEVNULL); sys.stdin.read()"
    )
    processes = bench("processes")
    process = subprocess.Popen([sys.executable, "-c", tree], stdin=subprocess.PIPE)
    try:
        cpu = processes.TreeCpu(lambda: processes.descendants(process.pid))
        cpu.sample()
        began = time.time_ns()
        process.stdin.write(b"burn\n")
        process.stdin.flush()
        while True:
            cpu.sample()
            if cpu.at(time.time_ns()) > 0.4 and len(processes.descendants(process.pid)) == 1:
                break
            time.sleep(0.01)
        assert cpu.at(began) < 0.4
        assert cpu.at(time.time_ns()) < 5
    finally:
        process.stdin.close()
        process.wait()


def test_processes_are_found_by_a_mark_whoever_their_parent_is(bench):
    """A daemon, as Spark's workers leave them: its parent is gone."""
    marked = bench("processes").marked
    mark = f"bench-{os.getpid()}-{time.time_ns()}"
    orphan = "import os, sys; os.fork() and os._exit(0); print(os.getpid(), flush=True); sys.stdin.read()"
    assert marked(mark) == []
    process = subprocess.Popen(
        [sys.executable, "-c", orphan],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "BENCH_MARK": mark},
        text=True,
    )
    pid = int(process.stdout.readline())
    process.wait()
    assert marked(mark) == [pid]
    process.stdin.close()
    process.stdout.read()
    while pid in marked(mark):
        time.sleep(0.01)


def test_the_counts_that_are_compared_come_from_a_plain_loop(bench):
    text = bench("text")
    lines = text.sentences()
    assert len(lines) == text.SENTENCES
    assert sum(text.expected(3).values()) == 3 * text.SENTENCES * text.WORDS
    word = lines[0].split()[0]
    assert text.expected(2)[word] == 2 * sum(line.split().count(word) for line in lines)


def test_every_row_of_the_table_is_there(bench):
    assert set(bench("run").ROWS) == {
        "storm-words", "storm-cpu", "storm-latency", "local-items", "storm-arrays", "storm-recovery", "storm-start",
        "child-memory", "compile-scale", "d4py-files", "spark-words", "spark-stream", "spark-stream-unfused", "spark-empty", "spark-items",
        "target-start", "target-latency", "target-words",
    }  # fmt: skip


def test_what_a_tick_takes_is_from_its_first_job_to_its_last(bench, tmp_path):
    """As Spark logs it, the last line half written."""
    log = tmp_path / "events" / "app"
    log.parent.mkdir()
    ticks = [("superstep 1", 0, 1000, 1200), ("superstep 1", 1, 1300, 1500), ("superstep 2", 2, 2000, 2050)]
    lines = []
    for name, number, began, ended in ticks:
        known = {"spark.job.description": name}
        lines += [
            {"Event": "SparkListenerJobStart", "Job ID": number, "Submission Time": began, "Properties": known},
            {"Event": "SparkListenerTaskEnd"},
            {"Event": "SparkListenerJobEnd", "Job ID": number, "Completion Time": ended},
        ]
    log.write_text("\n".join(map(json.dumps, lines)) + '\n{"Event": "SparkListenerJobSt')
    assert bench("rows.spark_empty").jobs(tmp_path) == {"superstep 1": (1.0, 1.5), "superstep 2": (2.0, 2.05)}


def test_counts_of_parts_are_put_together_with_the_time_of_the_last(bench, tmp_path):
    keep = bench("workflows.word_functions").keep
    began = time.time_ns()
    keep(str(tmp_path), 0, [("a", 2), ("b", 1)])
    keep(str(tmp_path), 1, [("a", 3)])
    keep(str(tmp_path), 1, [("a", 4)])
    counted = bench("spark_run").counted
    first, counts = counted(tmp_path)
    assert counts == {"a": 6, "b": 1}
    keep(str(tmp_path), 0, [("a", 2), ("b", 5)])
    then, counts = counted(tmp_path)
    assert counts == {"a": 6, "b": 5}
    keep(str(tmp_path), 1, [])
    assert began < first < then < counted(tmp_path)[0] <= time.time_ns()

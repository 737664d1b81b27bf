"""`sferic run`: its options, and how it ends."""

import json
import os
import signal
import subprocess
import sys

import pytest

ODD = """
import math

from sferic import ProducerPE, WorkflowGraph


class Odd(ProducerPE):
    def _process(self, inputs):
        yield from (math.nan, (1.5, {"low": -math.inf}), 1j, b"x")


graph = WorkflowGraph()
graph.add(Odd())
"""


def values(text):
    return [json.loads(line)["value"] for line in text.splitlines()]


def test_results_are_lines_of_json(sferic):
    done = sferic("run", "w.py:good")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"pe": "Same", "port": "output", "value": 7}
    assert "numbers: 1 in, 1 out" in done.stderr


def test_json_says_nothing_else(sferic):
    done = sferic("run", "w.py:good", "-n", "4", "--json")
    assert (done.returncode, values(done.stdout), done.stderr) == (0, [7], "")


def test_parameters(sferic):
    done = sferic("run", "w.py:good", "-p", "name=other", "-p", "times=3")
    assert done.returncode == 0
    assert "other: 1 in" in done.stderr


def test_calls(sferic):
    assert values(sferic("run", "w.py:good", "-i", "3").stdout) == [7, 7, 7]
    assert values(sferic("run", "w.py:good", "-i", "0").stdout) == []


@pytest.mark.parametrize("on", ["local", "multi"])
def test_data_as_text_and_as_a_file(sferic, folder, on):
    data = '{"Same": [{"input": 1}, {"input": "zwei"}, {"input": [3, null]}]}'
    (folder / "d.json").write_text(data)
    for given in (("-d", data), ("-f", "d.json")):
        done = sferic("run", "w.py:rooted", "--on", on, *given)
        assert (done.returncode, values(done.stdout)) == (0, [1, "zwei", [3, None]])


def test_results_go_to_a_file_all_or_nothing(sferic, folder):
    done = sferic("run", "w.py:good", "--results", "out.jsonl")
    assert (done.returncode, done.stdout) == (0, "")
    assert values((folder / "out.jsonl").read_text()) == [7]
    assert sorted(path.name for path in folder.iterdir() if not path.name.startswith("__")) == ["out.jsonl", "w.py"]


def test_what_json_does_not_have_is_written_so_that_any_parser_reads_it(sferic, folder):
    (folder / "odd.py").write_text(ODD)
    shown = sferic("run", "odd.py").stdout
    assert sferic("run", "odd.py", "--results", "odd.jsonl").returncode == 0
    assert (folder / "odd.jsonl").read_text() == shown

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    assert [json.loads(line, parse_constant=refuse)["value"] for line in shown.splitlines()] == [
        {"type": "builtins.float", "value": "nan"},
        [1.5, {"low": {"type": "builtins.float", "value": "-inf"}}],
        {"type": "builtins.complex", "value": "1j"},
        {"type": "builtins.bytes", "value": "b'x'"},
    ]


def test_fuse(sferic):
    for fuse in ("auto", "hints", "none"):
        assert values(sferic("run", "w.py:good", "--on", "multi", "--fuse", fuse).stdout) == [7]
    done = sferic("run", "w.py:good", "--on", "multi", "--fuse", "none", "-n", "1")
    assert done.returncode == 2
    assert (
        "-n 1 is fewer than the 2 instances that this workflow needs. Use -n 2 or more, or --fuse auto" in done.stderr
    )


def test_items_are_checked_when_asked(sferic):
    assert sferic("run", "w.py:strange").returncode == 0
    done = sferic("run", "w.py:strange", "--check-items")
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot encode builtins:object" in done.stderr
    assert "sferic.register(object)" in done.stderr
    assert sferic("run", "w.py:strange", "--check-items", "--fuse", "none").returncode == 1


def test_1_the_workflow_failed(sferic):
    done = sferic("run", "w.py:picky")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Picky (instance 0) failed on" in done.stderr
    assert "ValueError: not seven" in done.stderr
    assert "--on-failure dead-letter" in done.stderr


def test_2_wrong_input(sferic, folder):
    done = sferic("run", "w.py:wrong")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{folder}/w.py:")
    assert "Numbers2 has no input port 'input'" in done.stderr


@pytest.mark.parametrize("policy", ["skip", "dead-letter"])
def test_3_done_but_items_failed(sferic, policy):
    done = sferic("run", "w.py:picky", "--on-failure", policy)
    assert (done.returncode, done.stdout) == (3, "")
    assert "1 failed" in done.stderr


@pytest.mark.parametrize("on", ["local", "multi"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_130_interrupted(folder, on, number):
    command = [sys.executable, "-m", "sferic.cli", "run", "w.py:endless", "--on", on]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if "three are out" in line:
                break
        os.kill(process.pid, number)
        out, err = process.communicate()
    assert process.returncode == 130, err
    assert "Stopping: sources end" in err
    assert values(out) == [True]


def test_pes_that_stayed_at_one_are_named_with_the_line_that_changes_it(sferic):
    done = sferic("run", "w.py:good", "--on", "multi", "-n", "4")
    assert [line.partition("w.py:")[2].partition(": ")[2] for line in done.stderr.splitlines() if "stays" in line] == [
        (
            "numbers stays at one instance: a source reads once. Changed by `splits = True` in class Numbers, "
            "where each instance reads a part of its own"
        )
    ]


@pytest.mark.parametrize("asked", [(), ("-n", "2")])
def test_nothing_is_said_of_it_where_no_more_were_asked_for(sferic, asked):
    assert "stays" not in sferic("run", "w.py:good", "--on", "multi", "--fuse", "none", *asked).stderr


def test_a_failure_without_lines_of_the_user_is_said_once(sferic):
    done = sferic("run", "w.py:strange", "--on", "multi", "--fuse", "none")
    assert done.returncode == 1
    assert done.stderr.count("cannot encode") == 1
    assert 'set codec = "trusted" on the PE that gets it' in done.stderr
    quiet = sferic("run", "w.py:strange", "--on", "multi", "--fuse", "none", "--json")
    assert quiet.stderr.count("cannot encode") == 1

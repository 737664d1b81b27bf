"""The process beside a Spark job's driver, with drivers that are a few lines of Python."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sferic.cluster import spark_supervisor as supervisor
from sferic.cluster.jobs import Asked, job_of, state_of
from sferic.cluster.logs import Wanted, last, read_entry
from sferic.cluster.processes import know
from sferic.cluster.spark_submission import new_mark
from sferic.logged import entry
from sferic.runtime.kin import MARK, end_kin

MINE = new_mark()  # other tests run at the same time, and by it all is ended
DRIVER = """
import json, os, signal, subprocess, sys, time
from pathlib import Path

folder = Path(sys.argv[1])
starts = folder / "starts"
starts.open("a").write("x")
number = len(starts.read_text())


def tell(**said):
    part = folder / "part"
    part.write_text(json.dumps({"name": "w", "pid": os.getpid(), "started": time.time(), "at": time.time(), **said}))
    part.replace(folder / "status.json")


def end(status):
    tell(state="ended", exit=status, app="app-1")
    sys.exit(status)


def died():
    os.kill(os.getpid(), signal.SIGKILL)

"""


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.setenv("SFERIC_STATE", str(tmp_path))
    monkeypatch.setattr(supervisor, "_rest_of", lambda in_vain: 0.0)
    job = job_of("words")
    job.folder.mkdir(parents=True)
    yield job
    end_kin(MINE)


@pytest.fixture
def drive(job, monkeypatch):
    """`drive(code, mode)`: supervises drivers that run this code, to the end."""

    def prepare(code, mode="dstream"):
        job.note_asked(Asked("words", mode, "local", False, sys.executable, {}, None, None, 0.0, "1", "p", MINE))
        (job.folder / "driver.py").write_text(DRIVER + code)
        command = [sys.executable, str(job.folder / "driver.py"), str(job.folder)]
        monkeypatch.setattr(supervisor, "command", lambda job, asked: command)
        monkeypatch.setattr(supervisor, "environment", lambda asked: {**os.environ, MARK: asked.mark})

    def run(code, mode="dstream"):
        prepare(code, mode)
        supervisor.Supervisor(job).run()
        starts = len((job.folder / "starts").read_text())
        assert job.course.over and job.course.driver is None
        return starts, job.course.exit, job.course.why

    run.prepare = prepare
    return run


@pytest.mark.parametrize("status", [0, 1, 2, 3])
def test_an_end_that_it_told_of_is_the_end(drive, job, status):
    assert drive(f"tell(state='running', app='app-1')\nend({status})") == (1, status, "")
    assert state_of(job).word == ("finished" if status in (0, 3) else "failed")


@pytest.mark.parametrize(
    ("last_words", "why"),
    [
        ("died()", "its driver was killed by signal 9"),
        ("sys.exit(1)", "its driver exited with status 1"),
        ("tell(state='ended', exit=1, app='app-1', error='no JVM'); died()", "its driver was killed by signal 9"),
    ],
)
def test_a_driver_that_dies_is_started_again(drive, job, last_words, why):
    code = f"tell(state='running', app='app-1')\nif number < 3:\n    {last_words}\nend(0)"
    assert drive(code) == (3, 0, "")
    assert job.course.restarts == 2
    said = [line for line in job.log.read_text().splitlines() if "sferic.supervisor" in line]
    assert [line.partition("] ")[2] for line in said] == [f"{why}; it is started again"] * 2


def test_the_end_of_the_one_before_is_not_taken_for_its_own(drive, job):
    code = "if number == 1:\n    tell(state='ended', exit=0, app='a'); died()\nif number == 2:\n    sys.exit(0)\nend(3)"
    assert drive(code) == (3, 3, "")


def test_a_first_driver_that_cannot_begin_is_not_tried_again(drive, job):
    assert drive("print('no such thing')\nsys.exit(1)") == (1, 1, "")
    assert "no such thing" in job.log.read_text()


def test_one_that_ran_is_tried_again_also_where_the_next_cannot_begin_for_a_while(drive):
    code = "if number == 1:\n    tell(state='running', app='a'); died()\n"
    code += "if number < 5:\n    tell(state='ended', exit=1); sys.exit(1)\nend(0)"
    assert drive(code) == (5, 0, "")


def test_too_many_in_a_row_are_given_up(drive, job, monkeypatch):
    monkeypatch.setattr(supervisor, "_MOST", 4)
    starts, status, why = drive("tell(state='running', app='a'); died()")
    assert (starts, status) == (4, 1)
    assert why == "its driver was killed by signal 9, and so did 3 before it"
    assert state_of(job).word == "failed"


def test_one_that_came_to_something_is_not_counted(drive, monkeypatch):
    monkeypatch.setattr(supervisor, "_MOST", 2)
    monkeypatch.setattr(supervisor, "_STEADY", 0.0)
    assert drive("tell(state='running', app='a')\nif number < 5:\n    died()\nend(0)") == (5, 0, "")


def test_a_batch_job_begins_again_once_and_its_letters_with_it(drive, job):
    code = "(folder / 'letters.jsonl').open('a').write('one\\n')\ntell(state='running', app='a')\n"
    starts, status, why = drive(code + "died()", mode="batch")
    assert (starts, status) == (2, 1)
    assert why == "its driver was killed by signal 9, for the second time"
    assert job.letters.read_text() == "one\n"


def test_nothing_of_a_driver_outlives_it(drive, job):
    """A JVM that dies leaves its Python behind, which holds the log."""
    code = "other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
    code += "(folder / 'other').write_text(str(other.pid))\ntell(state='running', app='a')\n"
    assert drive(code + "if number == 1:\n    died()\nend(0)") == (2, 0, "")
    assert not know(int((job.folder / "other").read_text())).alive


def test_when_somebody_has_removed_its_folder_nothing_goes_on(drive, job):
    drive.prepare("tell(state='running', app='a')\ntime.sleep(600)")
    running = threading.Thread(target=supervisor.Supervisor(job).run)
    running.start()
    while job.status.get("state") != "running":
        time.sleep(0.02)
    driver = know(job.status["pid"])
    job.record.unlink()
    running.join()
    assert not driver.alive


STOPS = """
def stop(number, frame):
    end(0)


signal.signal(signal.SIGTERM, stop)
tell(state="running", app="app-1")
while True:
    time.sleep(0.01)
    if (folder / "stop").exists() and number == 1 and DIES:
        died()
"""


@pytest.mark.parametrize("dies", [False, True])
def test_it_is_asked_to_stop_and_so_is_the_one_that_takes_its_place(drive, job, dies, monkeypatch):
    if dies:  # while it drains
        monkeypatch.setattr(supervisor.Supervisor, "_let_stop", slowly(supervisor.Supervisor._let_stop))
    drive.prepare(STOPS.replace("DIES", str(dies)))
    running = threading.Thread(target=supervisor.Supervisor(job).run)
    running.start()
    while not job.status_file.exists():
        assert running.is_alive()
    job.stop.touch()
    running.join(60)
    assert (job.course.over, job.course.exit, job.course.restarts) == (True, 0, int(dies))
    assert "it is asked to stop" in job.log.read_text()


def slowly(let_stop):
    """The first driver is not asked."""

    def asked(self, pid):
        return pid if self._course.restarts == 0 else let_stop(self, pid)

    return asked


def test_a_process_with_the_drivers_pid_that_is_none_of_it_is_not_asked(job, drive):
    drive.prepare("")
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert not supervisor._marked(other.pid, job.asked.mark)
        job.status_file.write_text(json.dumps({"state": "running", "pid": other.pid}))
        assert supervisor.Supervisor(job)._let_stop(0) == 0
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_line_that_is_no_entry_becomes_one_and_a_trace_stays_with_its_own(tmp_path):
    log = supervisor.Log(tmp_path / "log")
    told = entry({"event": "print", "pe": "a PE/b", "rank": 3, "text": "one\n2026-01-01 00:00:00.000 INFO two"})
    log.take(f"hello\n{told}\n".encode())
    log.take(b"2026-01-01 00:00:00.000 WARN o.a.Spark [main] it ")
    log.take(b"broke\njava.io.IOException: no\n\tat x.Y\nCaused by: z\nPicky: 3 in\nlast")
    log.end()
    lines = (tmp_path / "log").read_text().splitlines()
    entries = last(lines, Wanted(), 100)
    assert [(one.level, one.pe, one.rank, one.text) for one in entries] == [
        ("INFO", None, None, "hello"),
        ("INFO", "a PE/b", 3, "one\n2026-01-01 00:00:00.000 INFO two"),
        ("WARN", None, None, "it broke\njava.io.IOException: no\n\tat x.Y\nCaused by: z"),
        ("INFO", None, None, "Picky: 3 in"),
        ("INFO", None, None, "last"),
    ]


@pytest.mark.parametrize(
    ("event", "level", "pe", "text"),
    [
        ({"event": "log", "level": 40, "text": "x"}, "ERROR", "P", "x"),
        ({"event": "log", "level": 10, "text": "x"}, "DEBUG", "P", "x"),
        ({"event": "print", "text": ""}, "INFO", "P", ""),
        (
            {"event": "failed", "item": "7", "error": "E: no", "traceback": "Traceback\n  line\nE: no\n"},
            "WARN",
            "P",
            "failed on 7: E: no\nTraceback\n  line\nE: no",
        ),
    ],
)
def test_an_event_is_one_entry(event, level, pe, text):
    told = entry({"pe": pe, "rank": 0, **event})
    first, *rest = told.splitlines()
    found = read_entry(first)
    assert (found.level, found.pe, found.rank) == (level, pe, 0)
    assert "\n".join([found.text, *(line.removeprefix("    ") for line in rest)]) == text
    assert not any(read_entry(line) for line in rest)
    assert entry({"event": "counts", "pes": {}}) == ""


def test_the_log_stays_bounded_and_loses_no_line_that_it_has_room_for(tmp_path):
    log = supervisor.Log(tmp_path / "log", most=1000)
    for number in range(200):
        log.take(f"line {number}\n".encode())
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["log", "log.1", "log.2", "log.3", "log.4"]
    assert all(path.stat().st_size < 1100 for path in files)
    kept = "".join(Path(tmp_path / name).read_text() for name in ("log.4", "log.3", "log.2", "log.1", "log"))
    numbers = [int(line.rpartition(" ")[2]) for line in kept.splitlines()]
    assert numbers == list(range(numbers[0], 200))


def test_what_starts_a_driver(job):
    asked = Asked(
        "words",
        "dstream",
        "spark://a:1",
        False,
        "python3.11",
        {"spark.x": "1"},
        2.5,
        "hdfs://k",
        0.0,
        "1",
        "p",
        "job:t",
    )
    command = supervisor.command(job, asked)
    options = dict(zip(command, command[1:]))
    assert command[0].endswith("/bin/spark-submit")
    assert (options["--master"], options["--name"], options["--interval"]) == ("spark://a:1", "words", "2.5")
    assert (options["--checkpoint"], options["--status"]) == ("hdfs://k", str(job.status_file))
    assert "spark.x=1" in command and str(job.artefact / "job.py") in command
    environment = supervisor.environment(asked)
    assert (environment["PYSPARK_PYTHON"], environment[MARK]) == ("python3.11", "job:t")
    assert ("SPARK_LOCAL_IP" in environment) == ("SPARK_LOCAL_IP" in os.environ)
    here = Asked("w", "batch", "spark://127.0.0.1:7077", True, "p", {}, None, None, 0.0, "1", "p", "job:t")
    assert supervisor.environment(here)["SPARK_LOCAL_IP"] == "127.0.0.1"
    assert "--checkpoint" not in supervisor.command(job, here)

"""What is recorded of Spark jobs, and what commands make of it: no Spark is needed."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from sferic import ProducerPE, WorkflowGraph
from sferic.cli import main
from sferic.cluster.daemons import alone
from sferic.cluster.job_files import Shelf
from sferic.cluster.jobs import Asked, Course, JobError, all_jobs, before, job_of, state_of
from sferic.cluster.processes import Known, know
from sferic.cluster.spark_submission import _begin_anew, await_running, on_this_cluster, place_of, refuse_if_there
from sferic.commands.letters import _of_job as letters_of_job
from sferic.compiler.pipeline import Options, compile_plan

ASKED = Asked("words", "dstream", "spark://127.0.0.1:7077", False, "python3", {}, 1.0, None, 0.0, "1", "abc", "job:1")


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job that was submitted."""
    monkeypatch.setenv("SFERIC_STATE", str(tmp_path))
    monkeypatch.delenv("SFERIC_NIMBUS", raising=False)
    job = job_of("words")
    job.folder.mkdir(parents=True)
    job.note_asked(ASKED)
    return job


def told(job, **said):
    job.status_file.write_text(json.dumps({"name": "words", "pid": 1, "started": 0.0, "at": 0.0, **said}))


def gone():
    process = subprocess.Popen([sys.executable, "-c", ""])
    known = know(process.pid)
    process.wait()
    return known


HERE = know(os.getpid())


def test_what_is_noted_is_read_again(job):
    assert job.asked == ASKED
    course = Course(HERE, gone(), 3, "killed", over=True, exit=1)
    job.note(course)
    assert job.course == course
    assert [found.name for found in all_jobs()] == ["words"]


@pytest.mark.parametrize("name", ["", "a/b", "..", "a b", "x" * 201])
def test_a_name_is_no_way_out_of_the_folder(name):
    with pytest.raises(JobError, match="is no name for a job"):
        job_of(name)


def test_a_job_that_is_not_there(job):
    with pytest.raises(JobError, match="there is no Spark job nothing"):
        job_of("nothing").asked


def test_how_it_is_in_a_word(job):
    assert state_of(job).word == "interrupted"
    up = Course(HERE, HERE)
    job.note(up)
    assert state_of(job).word == "starting"
    told(job, state="running")
    assert (state_of(job).word, state_of(job).over) == ("running", False)
    job.stop.touch()
    assert state_of(job).word == "stopping"
    told(job, state="ended", exit=0)
    assert state_of(job).word == "stopping", "until the supervisor has seen it"
    job.note(replace(up, driver=None, why="it died", restarts=1))
    assert (state_of(job).word, state_of(job).over) == ("restarting", False)
    for supervisor in gone(), Known(os.getpid(), "another start"):
        job.note(replace(up, supervisor=supervisor))
        assert (state_of(job).word, state_of(job).over) == ("interrupted", True)
    for status, word in (0, "finished"), (3, "finished"), (1, "failed"), (2, "failed"), (None, "killed"):
        job.note(replace(up, over=True, exit=status))
        assert (state_of(job).word, state_of(job).over) == (word, True)
    job.note(replace(up, over=True, exit=1, why="given up"))
    assert state_of(job).word == "failed"


def test_while_the_next_driver_starts_the_last_ones_words_are_there(job):
    told(job, state="running", pes={"A": {"in": 3}})
    job.status_file.replace(before(job.status_file))
    job.note(Course(HERE, HERE, restarts=1))
    assert (state_of(job).word, state_of(job).status["pes"]) == ("starting", {"A": {"in": 3}})


def lines(shelf, begin=0):
    return [line.text for line in shelf.results(begin)]


def test_of_a_stream_only_what_its_last_superstep_has_is_given(job):
    job.results.write_text("one\ntwo\nthree\n")
    shelf = Shelf(job)
    assert (lines(shelf), shelf.left("results")) == ([], 0), "nothing is said to count"
    told(job, state="running", written={"results": len("one\ntwo\n")})
    assert (lines(shelf), shelf.left("results")) == (["one", "two"], 8)
    first = next(shelf.results(0))
    shelf.take_results(first.end)
    assert (lines(shelf, shelf.taken.results), shelf.left("results")) == (["two"], 4)
    shelf.take_results(0)
    assert shelf.taken.results == 4, "what was fetched stays fetched"


def test_of_a_batch_job_all_is_given_at_its_end(job):
    job.note_asked(replace(ASKED, mode="batch"))
    job.note(Course(HERE, HERE))
    job.results.write_text("one\ntwo\n")
    shelf = Shelf(job)
    assert lines(shelf) == []
    job.note(Course(HERE, over=True, exit=0))
    assert lines(shelf) == ["one", "two"]


def letter(number):
    known = {"time": "now", "pe": "P", "rank": 0, "port": "input", "written": False, "item": str(number)}
    return {**known, "error": "no", "traceback": "", "attempts": 1, "codec": None, "count": 1, "data": None}


def write_letters(job, *numbers):
    with job.letters.open("a") as out:
        out.writelines(json.dumps(letter(number)) + "\n" for number in numbers)
    told(job, state="running", written={"letters": job.letters.stat().st_size})


def test_letters_that_are_dropped_stay_dropped_and_others_stay(job):
    write_letters(job, 1, 2, 3)
    shelf = Shelf(job)

    def items():
        return [letter.item for _, letter in shelf.letters()]

    found = shelf.letters()
    write_letters(job, 4)
    assert shelf.drop([line for line, _ in found], [found[1][0]]) == 2
    assert items() == ["2", "4"], "what stays, and what came meanwhile"
    found = shelf.letters()
    assert shelf.drop([line for line, _ in found], []) == 2
    assert items() == []


@pytest.fixture
def sferic(job):
    def run(*arguments):
        done = CliRunner().invoke(main, arguments)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    return run


@pytest.mark.parametrize(
    ("arguments", "instead"),
    [
        (("pause", "words"), "sferic kill words --keep, and let it go on where it was with sferic resume words"),
        (("rebalance", "words"), "at each batch"),
        (("update", "w.py", "--name", "words"), "submit the other version under this name"),
        (("log-level", "words", "=DEBUG"), "sferic logs words --level LEVEL"),
    ],
)
def test_what_only_topologies_have_says_what_to_do_instead(sferic, arguments, instead):
    status, out, error = sferic(*arguments)
    assert (status, out) == (1, "")
    assert error.startswith(f"words is a Spark job, which has no {arguments[0]}: ")
    assert instead in error


def test_a_topology_of_the_same_name_is_meant_with_nimbus(sferic):
    status, _, error = sferic("pause", "words", "--nimbus", "127.0.0.1:1")
    assert status == 1
    assert "127.0.0.1:1" in error and "Spark job" not in error


def test_list_works_where_no_nimbus_is(sferic, job):
    job.note(Course(HERE, over=True, exit=0))
    assert sferic("list") == (
        0,
        "words: finished with status 0, dstream on spark://127.0.0.1:7077, no application\n",
        "",
    )
    status, out, _ = sferic("list", "--json")
    assert json.loads(out) == {
        "name": "words",
        "id": None,
        "status": "finished",
        "mode": "dstream",
        "master": "spark://127.0.0.1:7077",
        "exit": 0,
    }
    job.note(Course(HERE, over=True, exit=3))
    assert sferic("list")[1].startswith("words: finished with status 3, ")
    job.forget(checkpoint=False)
    assert sferic("list")[0] == 1, "with neither it says that there is no cluster"


def test_who_misspells_a_name_hears_which_there_are(sferic):
    status, _, error = sferic("stop", "wrods")
    assert status == 1
    said = "there is no Spark job wrods on this machine, and no Storm cluster is up here: did you mean 'words'?"
    assert error == f"{said}\n"


def test_results_are_given_once_and_the_failure_is_said(sferic, job):
    job.note_asked(replace(ASKED, mode="batch"))
    job.note(Course(HERE, over=True, exit=1, why="its driver exited with status 9, for the second time"))
    job.results.write_text("one\ntwo\n")
    why = "words has failed: its driver exited with status 9, for the second time\n"
    assert sferic("results", "words", "--keep") == (1, "one\ntwo\n", why)
    assert sferic("results", "words", "--follow") == (1, "one\ntwo\n", why)
    assert sferic("results", "words") == (1, "", why)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", "spark", "--nimbus", "a:1"), "--nimbus is for Storm"),
        (("--to", "spark", "--keep-results", "1M"), "--keep-results is for Storm"),
        (("--to", "spark", "--workers", "2"), "--workers 2: a size of a topology on Storm"),
        (("--to", "spark", "--conf", "cores=2"), "--conf cores=2: no setting of Spark's"),
        (("--to", "spark", "--conf", "spark.master=x"), "--conf spark.master: --master says that"),
        (("--to", "spark", "--mode", "batch", "--interval", "2"), "--interval is of streams"),
        (("--master", "spark://a:1"), "--master is for Spark"),
        (("--conf", "spark.a=b"), "--conf is for Spark"),
        (("--interval", "2"), "--interval is for Spark"),
    ],
)
def test_options_of_the_other_target_are_refused(sferic, arguments, said):
    status, _, error = sferic("submit", "nothing.py", "--name", "new", *arguments)
    assert status == 2
    assert said in error


def test_what_was_fetched_of_other_files_counts_for_nothing(job):
    job.results.write_text("one\ntwo\n")
    shelf = Shelf(job)

    def running(of):
        told(job, state="running", written={"results": 8, "of": of})

    running("first")
    shelf.take_results(8)
    assert shelf.left("results") == 0
    running("second")
    assert (lines(shelf, shelf.taken.results), shelf.left("results")) == (["one", "two"], 8)
    running("first")
    assert shelf.left("results") == 0, "a driver that goes on from the checkpoint"


def test_of_a_batch_job_that_is_made_again_all_is_given(job):
    job.note_asked(replace(ASKED, mode="batch"))
    shelf = Shelf(job)
    for started, text in (1.0, "half\n"), (2.0, "one\ntwo\n"):
        job.results.write_text(text)
        told(job, state="ended", exit=0, started=started)
        job.note(Course(HERE, over=True, exit=0))
        assert lines(shelf, shelf.taken.results) == text.splitlines()
        shelf.take_results(len(text))
        assert shelf.left("results") == 0


def test_a_driver_that_nobody_looks_after_is_still_at_work(sferic, job):
    job.note_asked(replace(ASKED, mode="batch", development=True))
    job.results.write_text("half of th")
    told(job, state="running")
    job.note(Course(gone(), HERE))
    assert (state_of(job).word, state_of(job).over, state_of(job).lives) == ("interrupted", True, True)
    assert sferic("results", "words") == (0, "", "")
    assert [found.name for found in on_this_cluster()] == ["words"]
    job.note(Course(gone(), gone()))
    assert on_this_cluster() == []


def test_what_nobody_has_fetched_stays_unless_a_stream_goes_on_with_it(job, tmp_path):
    job.note(Course(HERE, over=True, exit=0))
    job.results.write_text("one\n")
    told(job, state="ended", exit=0, written={"results": 4, "of": "first"})
    elsewhere = tmp_path / "elsewhere"
    for checkpoint in None, str(elsewhere):
        with pytest.raises(JobError, match="has left results that nobody has fetched: sferic results words"):
            refuse_if_there(job, "dstream", checkpoint, fresh=False)
    job.checkpoint.mkdir()
    (job.checkpoint / "superstep-01-000000000001.json").touch()
    refuse_if_there(job, "dstream", None, fresh=False)
    elsewhere.mkdir()
    (elsewhere / "superstep-01-000000000001.json").touch()
    for mode, checkpoint, fresh in ("dstream", str(elsewhere), False), ("batch", None, False), ("dstream", None, True):
        with pytest.raises(JobError, match="nobody has fetched"):
            refuse_if_there(job, mode, checkpoint, fresh=fresh)
    job.note_asked(replace(ASKED, checkpoint=str(elsewhere)))
    refuse_if_there(job, "dstream", str(elsewhere), fresh=False)


def test_who_submits_hears_that_it_was_killed_meanwhile(job):
    job.note(Course(HERE))
    threading.Timer(0.3, lambda: job.forget(checkpoint=True)).start()
    with pytest.raises(JobError, match="words was killed meanwhile"):
        await_running(job, lambda _: None)


def test_a_kill_waits_for_who_is_starting_it(sferic, job):
    job.note(Course(gone()))
    held = ExitStack()
    held.enter_context(alone(job.folder))
    threading.Timer(0.5, held.close).start()
    assert sferic("kill", "words")[:2] == (0, "words is gone.\n")


def test_a_stop_of_what_has_ended_does_not_say_that_it_ended_it(sferic, job):
    job.note(Course(HERE, over=True, exit=0))
    said = "words had ended before with status 0. Its results, if any: sferic results words\n"
    assert sferic("stop", "words") == (0, said, "")


def with_plan(job, name, *, endless=False):
    """Of one source."""
    graph = WorkflowGraph("w")
    source = ProducerPE()
    source.name, source.endless = name, endless
    graph.add(source)
    job.artefact.mkdir()
    compile_plan(graph, Options(target="spark")).plan.write(job.artefact / "plan.json")


def test_a_pe_that_it_has_not_is_told_with_those_that_it_has(sferic, job):
    with_plan(job, "Abs")
    job.log.write_text("")
    assert sferic("logs", "words", "--pe", "Abs")[0] == 0
    status, out, error = sferic("logs", "words", "--pe", "Asb")
    assert (status, out) == (2, "")
    assert "words has no PE Asb" in error and "Its PEs are Abs" in error


@pytest.mark.parametrize("master", ["foo", "http://127.0.0.1:8080", "spark:/a:1", "localhost:7077", "spark://here"])
def test_what_is_no_master_is_not_tried(job, master):
    with pytest.raises(JobError, match=r"is no (master|URL)"):
        place_of(master)


def test_two_that_fetch_at_the_same_time_give_each_line_once(job, tmp_path):
    """The second one begins while the first one has read, and not yet noted."""
    told(job, state="ended", exit=0, written={"results": 8, "of": "first"})
    job.note(Course(HERE, over=True, exit=0))
    job.results.write_text("one\ntwo\n")
    command = [sys.executable, "-m", "sferic.cli", "results", "words"]
    with Shelf(job) as shelf:
        other = subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(os.environ))
        first = next(shelf.results(0))
        until_waiting(other.pid)
        shelf.take_results(first.end)
    assert other.communicate()[0] == b"two\n"


def until_waiting(pid):
    """For the lock: it has opened its file."""
    while not any(is_open(fd, ".taking") for fd in Path(f"/proc/{pid}/fd").iterdir()):
        time.sleep(0.02)


def is_open(fd, name):
    try:
        return os.readlink(fd).endswith(name)
    except FileNotFoundError:  # it was closed meanwhile
        return False


def test_letters_of_a_job_are_shown_and_dropped(sferic, job):
    write_letters(job, 7)
    status, out, _ = sferic("dead-letters", "--name", "words")
    assert status == 0 and "P.input" in out
    assert sferic("dead-letters", "--name", "words", "--drop")[1] == "1 dead letter of words dropped.\n"
    assert sferic("dead-letters", "--name", "words")[1] == ""


def test_letters_that_a_replay_left_out_stay(job):
    write_letters(job, 1, 2, 3)
    letters_of_job(job, lambda letters, away: away([1]), drop=True)  # numbers are from 1
    assert [letter.item for _, letter in Shelf(job).letters()] == ["1"]


def test_a_job_that_was_killed_to_be_kept_gives_what_it_has(sferic, job):
    job.note(Course(gone()))
    job.results.write_text("one\n")
    told(job, state="running", written={"results": 4})
    status, out, _ = sferic("kill", "words", "--keep", "--json")
    assert (status, json.loads(out)) == (0, {"name": "words", "dropped": 0})
    assert state_of(job).word == "killed"
    assert sferic("results", "words")[1] == "one\n"
    job.checkpoint.mkdir()
    status, out, error = sferic("kill", "words")
    assert (status, out) == (0, "words is gone.\n")
    assert "submit --fresh" in error
    assert {path.name for path in job.folder.iterdir()} == {"checkpoint", ".lock"}


@pytest.mark.parametrize("endless", [True, False])
def test_a_stop_says_what_becomes_of_state(sferic, job, endless):
    with_plan(job, "Source", endless=endless)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    job.note(Course(know(process.pid), HERE))

    def ends():
        while not job.stop.exists():
            time.sleep(0.01)
        job.note(Course(HERE, over=True, exit=0))
        process.kill()
        process.wait()

    thread = threading.Thread(target=ends)
    thread.start()
    status, out, error = sferic("stop", "words")
    thread.join()
    assert (status, out) == (
        0,
        "words has drained and ended with status 0. Its results, if any: sferic results words\n",
    )
    said = "it begins where its sources were, with new state"
    assert (said in error, "sferic kill words --keep, sferic resume words" in error) == (endless, endless)


def test_what_a_batch_job_has_not_says_what_to_do_instead(sferic, job):
    job.note_asked(replace(ASKED, mode="batch"))
    assert "submitted again it begins at its beginning" in sferic("pause", "words")[2]


def test_fresh_leaves_the_checkpoint_of_a_job_that_goes_on_alone(job, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "superstep-01-000000000001.json").touch()
    job.note_asked(replace(ASKED, checkpoint=str(kept)))
    other = job_of("other")
    asked = replace(ASKED, name="other", checkpoint=str(tmp_path / "." / "kept"))
    job.note(Course(HERE, HERE))
    with pytest.raises(JobError, match="is the checkpoint of words, which goes on: name another folder"):
        _begin_anew(other, asked)
    job.note(Course(HERE, over=True, exit=0))
    with pytest.raises(JobError, match="remove .*kept, or name another one"):
        _begin_anew(other, asked)


def test_the_last_failure_of_each_pe_is_shown(sferic, job):
    with_plan(job, "Source", endless=True)
    job.note(Course(HERE, HERE))
    said = "Source[0] failed on a call: OSError: gone (dead-letter)"
    told(job, state="running", app="app-1", pes={"Source": {"in": 1, "failed": 1}}, failures={"Source": said})
    assert f"    last error: {said}\n" in sferic("status", "words")[1]

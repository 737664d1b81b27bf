"""The sources that come with the product: what they give, where they stand, and that they end when told to."""

import os
import threading

import pytest

import sferic
from sferic.compiler.pipeline import Options, compile_plan
from sferic.runtime.local.in_process import run_in_process
from sferic.runtime.observe import Outcome
from sferic.sources import Lines, WatchedFolder


class Same(sferic.IterativePE):
    def _process(self, data):
        return data


def through(source, on="local"):
    graph = sferic.WorkflowGraph()
    same = Same()
    graph.connect(source, "output", same, "input")
    return sferic.run(graph, on=on)[same]["output"]


@pytest.fixture
def texts(tmp_path):
    (tmp_path / "b.txt").write_bytes(b"three\r\n\nfour")
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\ntw\xc3\xb6\n")
    (tmp_path / "c.log").write_bytes(b"no\n")
    return tmp_path


EXPECTED = ["one", "twö", "three", "", "four"]


@pytest.mark.parametrize("on", ["local", "multi"])
def test_lines_of_all_files_that_match_in_order(texts, on):
    assert through(Lines(texts / "*.txt"), on) == EXPECTED


def test_a_name_may_hold_what_patterns_are_made_of(tmp_path):
    (tmp_path / "a[1]*.txt").write_text("x\n")
    assert through(Lines(tmp_path / "a[1]*.txt")) == ["x"]


@pytest.mark.parametrize("position", range(6))
def test_lines_go_on_from_every_position(texts, position):
    source = Lines(texts / "*.txt")
    read = list(source.read(None))
    after = read[position - 1][1] if position else None
    assert [line for line, _ in read[:position]] + [line for line, _ in source.read(after)] == EXPECTED


def test_several_instances_share_the_files(tmp_path):
    for number in range(20):
        (tmp_path / f"{number}.txt").write_text(f"{number}\n{number}\n")
    source = Lines(tmp_path / "*.txt")
    source.numprocesses = 3
    assert sorted(map(int, through(source, "multi"))) == sorted([*range(20)] * 2)


def test_what_cannot_be_read_is_named(tmp_path):
    (tmp_path / "bad.txt").write_bytes(b"good\nba\xff\n")
    with pytest.raises(sferic.WorkflowFailed, match=r"bad\.txt: byte 7 is not utf-8"):
        through(Lines(tmp_path / "bad.txt"))
    assert through(Lines(tmp_path / "bad.txt", errors="replace")) == ["good", "ba\ufffd"]
    with pytest.raises(sferic.WorkflowFailed, match="no file matches"):
        through(Lines(tmp_path / "nothing*"))
    with pytest.raises(ValueError, match="utf-16"):
        Lines("x", encoding="utf-16")


def test_a_folder_as_it_is(tmp_path):
    for name in ("b.csv", "a.csv", "c.csv.part", ".hidden.csv", "d.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "folder.csv").mkdir()
    assert through(WatchedFolder(tmp_path, "*.csv", endless=False)) == [str(tmp_path / n) for n in ("b.csv", "a.csv")]


def change(path):
    """Changes a file, later than all others of its folder as the clock of the file system sees it."""
    path.touch()
    latest = max((other.stat().st_ctime_ns for other in path.parent.iterdir() if other != path), default=0)
    while path.stat().st_ctime_ns <= latest:
        os.utime(path)


def test_a_folder_goes_on_from_every_position(tmp_path):
    for name in "zyxw":
        change(tmp_path / name)
    source = WatchedFolder(tmp_path, endless=False)
    read = list(source.read(None))
    assert [path[-1] for path, _ in read] == ["z", "y", "x", "w"]
    assert [path[-1] for path, _ in source.read(read[1][1])] == ["x", "w"]
    assert list(source.read(read[3][1])) == []
    change(tmp_path / "y")
    assert [path[-1] for path, _ in source.read(read[3][1])] == ["y"]


class Stop:
    """Asks to stop once so many results are there."""

    def __init__(self):
        self.event = threading.Event()

    @property
    def requested(self):
        return self.event.is_set()


class Arrivals(Outcome):
    """Adds a file when a result comes, and stops at the third: the folder is idle then."""

    def __init__(self, folder, stop):
        super().__init__()
        self.folder = folder
        self.stop = stop

    def result(self, pe, port, values):
        super().result(pe, port, values)
        count = sum(map(len, self.results.values()))
        if count < 3:
            (self.folder / f"{count}").touch()
        else:
            self.stop.event.set()


def watched(folder, target):
    graph = sferic.WorkflowGraph()
    same = Same()
    graph.connect(WatchedFolder(folder, settle=0.02, poll=0.01), "output", same, "input")
    stop = Stop()
    arrivals = Arrivals(folder, stop)
    (folder / "0").touch()
    return compile_plan(graph, Options(target=target)), arrivals, stop


def test_a_watched_folder_gives_what_comes_and_ends_when_told(tmp_path):
    compiled, arrivals, stop = watched(tmp_path, "in-process")
    run_in_process(compiled.plan, compiled.definition, arrivals, stop)
    assert arrivals.results == {("Same", "output"): [str(tmp_path / name) for name in "012"]}


def test_it_ends_on_processes_too(tmp_path):
    from sferic.runtime.local.multi import run_multi

    compiled, arrivals, stop = watched(tmp_path, "multi")
    run_multi(compiled.plan, compiled.definition, arrivals, stop)
    assert arrivals.results == {("Same", "output"): [str(tmp_path / name) for name in "012"]}


@pytest.mark.parametrize(
    ("position", "said"),
    [
        (["other.txt", 3], r"it reads .*\*\.log now, and had read other.txt"),
        (["{}/a.log", 100], "a.log has 4 bytes, and 100 of them were read: it is another file now"),
    ],
)
def test_lines_refuse_a_position_of_other_files(tmp_path, position, said):
    (tmp_path / "a.log").write_text("one\n")
    (tmp_path / "b.log").write_text("two\n")
    with pytest.raises(ValueError, match=said):
        list(Lines(tmp_path / "*.log").read([position[0].format(tmp_path), position[1]]))


def test_lines_go_on_after_a_file_that_is_gone(tmp_path):
    (tmp_path / "b.log").write_text("two\n")
    deep = tmp_path / "**" / "*.log"
    for pattern in (tmp_path / "*.log", deep):
        assert [line for line, _ in Lines(pattern).read([f"{tmp_path}/a.log", 7])] == ["two"]


def test_a_folder_refuses_a_position_of_another_one(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "a").touch()
    [(_, position)] = WatchedFolder(tmp_path / "one", endless=False).read(None)
    with pytest.raises(ValueError, match="other now, and had watched .*one"):
        list(WatchedFolder(tmp_path / "other", endless=False).read(position))

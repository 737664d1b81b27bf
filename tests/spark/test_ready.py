"""The sources and sinks that come with the product, as Spark jobs."""

from dataclasses import replace
from pathlib import Path

import pytest

from sferic import IterativePE, WorkflowGraph
from sferic.launch import Spark
from sferic.sinks import Files
from sferic.sources import Lines, WatchedFolder

STREAM = Spark("dstream", interval=0.2)


class Grouped(IterativePE):
    """The words of each length so far, as the file of that length."""

    def __init__(self):
        super().__init__()
        self.seen = {}

    def _process(self, word):
        words = self.seen.setdefault(len(word), [])
        words.append(word)
        return (f"{len(word)}.txt", " ".join(words))


@pytest.mark.parametrize("how", [Spark("batch"), STREAM], ids=lambda how: how.mode)
def test_lines_of_files_become_files(watch, tmp_path, how):
    words = [f"{'x' * (number % 4)}{number}" for number in range(100)]
    for start in (0, 50):
        (tmp_path / f"words{start:02}").write_text("\n".join(words[start : start + 50]) + "\n")
    graph = WorkflowGraph("words")
    source, grouped, sink = Lines(str(tmp_path / "words*")), Grouped(), Files(str(tmp_path / "out"))
    sink.numprocesses = 2
    graph.connect(source, "output", grouped, "input")
    graph.connect(grouped, "output", sink, "input")
    assert watch(graph, how=how).status == 0
    expected = {}
    for word in words:
        expected.setdefault(f"{len(word)}.txt", []).append(word)
    found = {path.name: path.read_text().split() for path in (tmp_path / "out").iterdir()}
    assert found == expected


class Named(IterativePE):
    def __init__(self, run):
        super().__init__()
        self.run = run

    def _process(self, path):
        return (f"{self.run}-{Path(path).name}", Path(path).read_text())


class StopWhen:
    def __init__(self, folder, count):
        self.folder, self.count = folder, count

    @property
    def requested(self):
        return self.folder.exists() and len([path for path in self.folder.iterdir() if path.suffix]) >= self.count


@pytest.mark.slow
def test_a_watched_folder_is_watched_on_where_the_run_before_it_was(watch, tmp_path):
    inbox, out = tmp_path / "in", tmp_path / "out"
    inbox.mkdir()
    how = replace(STREAM, mode=None, checkpoint=str(tmp_path / "kept"))
    for run, names in ((0, "abc"), (1, "de")):
        for name in names:
            (inbox / f"{name}.txt").write_text(f"text {name}")
        graph = WorkflowGraph("watched")
        graph.connect(WatchedFolder(str(inbox), settle=0.2, poll=0.1), "output", named := Named(run), "input")
        graph.connect(named, "output", Files(str(out)), "input")
        ran = watch(graph, StopWhen(out, 3 + 2 * run), how=how)
        assert ran.status == 0
        assert ran.counts["WatchedFolder"]["out"] == len(names)
    found = {path.name: path.read_text() for path in out.iterdir()}
    assert found == {f"{run}-{name}.txt": f"text {name}" for run, names in ((0, "abc"), (1, "de")) for name in names}

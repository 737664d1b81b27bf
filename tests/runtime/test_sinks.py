"""The sinks that come with the product: whole files, the same ones when items come again, nothing outside."""

import pytest

import sferic
from sferic.sinks import Files, Stdout


class Given(sferic.ProducerPE):
    def __init__(self, items):
        super().__init__()
        self.items = items

    def _process(self, inputs):
        for item in self.items:
            self.write("output", item)


def into(sink, items, on="local", **options):
    graph = sferic.WorkflowGraph()
    graph.connect(Given(items), "output", sink, "input")
    return sferic.run(graph, on=on, **options)


@pytest.mark.parametrize("on", ["local", "multi"])
def test_files(tmp_path, on):
    sink = Files(tmp_path / "out")
    sink.numprocesses = 2
    items = [("a.txt", "tëxt"), ("deep/b.bin", b"\x00\xff"), ("c.json", {"n": [1, None]})]
    into(sink, items * 3, on)
    written = {
        str(p.relative_to(tmp_path / "out")): p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()
    }
    assert written == {"a.txt": "tëxt".encode(), "deep/b.bin": b"\x00\xff", "c.json": b'{"n": [1, null]}\n'}


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "", ".", "a\0b"])
def test_nothing_is_written_outside_the_folder(tmp_path, name):
    with pytest.raises(sferic.WorkflowFailed, match="is no name for a file below the folder"):
        into(Files(tmp_path / "out"), [(name, "x")])
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_file_is_whole_or_as_it_was(tmp_path):
    (tmp_path / "a").write_text("before")
    results = into(Files(tmp_path), [("a", object)], on_failure="skip")
    assert len(results.failures) == 1
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "before"}


def test_what_is_no_file_is_told():
    with pytest.raises(sferic.WorkflowFailed, match=r"items of the form \(name, content\), not int"):
        into(Files("nowhere"), [3])


def test_stdout(capsys):
    into(Stdout(), ["a", 2, (3, None)])
    assert capsys.readouterr().out == "a\n2\n(3, None)\n"

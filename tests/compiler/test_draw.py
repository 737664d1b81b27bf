"""Pictures: every PE and connection is in them, text stays text, boxes lie apart, the same bytes each time."""

import itertools
import random
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from sferic import GenericPE, IterativePE, ProducerPE, WorkflowGraph
from sferic.compiler.draw import Arrow, Box, Group, Picture, dot, mermaid, picture_of_graph, picture_of_plan, svg
from sferic.compiler.draw.layout import layered
from sferic.compiler.draw.picture import whole_groups
from sferic.compiler.pipeline import Options, compile_plan

HOSTILE = 'a"];<script>&amp;\n\\n #quot; \x00 \ufffe "x" ]]> --> end -->|x| %%'
NS = "{http://www.w3.org/2000/svg}"


class Source(ProducerPE):
    def _process(self, inputs):
        yield 1


class Step(IterativePE):
    stateless = True

    def _process(self, data):
        return data


class Join(GenericPE):
    def __init__(self):
        super().__init__()
        self.add_input("left", grouping=[0])
        self.add_input("right", grouping="all")
        self.add_output("ok")
        self.add_output("bad")

    def process(self, inputs):
        return {"ok": 1}


def some_graph(seed, size=50):
    chance = random.Random(seed)
    graph, outs = WorkflowGraph(f"graph {seed}"), []
    for number in range(size):
        if number < 3:
            pe = graph.add(Source())
        elif number % 5:
            pe = Step()
            graph.connect(*chance.choice(outs[-8:]), pe, "input")
        else:
            pe = Join()
            for port, (sender, out) in zip(("left", "right"), chance.sample(outs[-8:], 2), strict=True):
                graph.connect(sender, out, pe, port)
        pe.name = f"{type(pe).__name__} number {number}" + " of a very long name" * (number % 7 == 0)
        outs += [(pe, out) for out in pe.outputconnections]
    return graph


def pictures(graph, **options):
    compiled = compile_plan(graph, Options(target="multi", **options))
    return picture_of_graph(compiled.steps[2].graph), picture_of_plan(compiled.plan)


def rectangles(text, kinds):
    for one in ElementTree.fromstring(text).iter(f"{NS}rect"):
        if one.get("class") in kinds:
            x, y, width, height = (float(one.get(name)) for name in ("x", "y", "width", "height"))
            yield x, y, x + width, y + height


def apart(one, other):
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


@pytest.mark.parametrize("seed", range(5))
def test_boxes_lie_apart_and_in_the_page_arrows_lead_down(seed):
    for picture in pictures(some_graph(seed)):
        text = svg(picture)
        page = ElementTree.fromstring(text)
        width, height = float(page.get("width")), float(page.get("height"))
        boxes = list(rectangles(text, ("pe", "pe quiet")))
        assert len(boxes) == len(picture.boxes)
        for kinds in (("pe", "pe quiet"), ("group",)):
            for one, other in itertools.combinations(rectangles(text, kinds), 2):
                assert apart(one, other)
        assert all(x >= 0 and y >= 0 and right <= width and bottom <= height for x, y, right, bottom in boxes)
        ways = [one.get("d") for one in page.iter(f"{NS}path") if "arrow" in one.get("class", "")]
        assert len(ways) == len(picture.arrows)
        for way in ways:
            numbers = [float(number) for number in re.findall(r"-?[\d.]+", way)]
            heights = [numbers[1], *numbers[7::6]]
            assert heights == sorted(heights)


def test_groups_hold_theirs():
    graph = WorkflowGraph()
    source, first, second, last = Source(), Step(), Step(), Step()
    for one, other in itertools.pairwise((source, first, second, last)):
        graph.connect(one, "output", other, "input")
    graph.partitions = [[source], [first, second], [last]]
    text = svg(pictures(graph)[0])
    groups, boxes = list(rectangles(text, ("group",))), list(rectangles(text, ("pe",)))
    inside = [[b for b in boxes if g[0] < b[0] and g[1] < b[1] and b[2] < g[2] and b[3] < g[3]] for g in groups]
    assert [len(found) for found in inside] == [1, 2, 1]


def test_partitions_that_lead_out_and_back_are_not_drawn_around():
    graph = WorkflowGraph()
    source, first, last = Source(), Step(), Step()
    graph.connect(source, "output", first, "input")
    graph.connect(first, "output", last, "input")
    graph.partitions = [[source, last], [first]]
    picture = pictures(graph)[0]
    assert [group.keys for group in whole_groups(picture)] == [("Step",)]
    boxes = tuple(Box(key, key) for key in "abcd")
    groups = (Group("1", ("a", "d")), Group("2", ("b", "c")))
    drawn = Picture("p", boxes, (Arrow("a", "b"), Arrow("c", "d")), groups)
    assert len(whole_groups(drawn)) == 1
    assert svg(drawn).count('class="group"') == 1


def test_every_way_of_writing_names_every_pe_once():
    graph = WorkflowGraph("w")
    graph.connect(Source(), "output", join := Join(), "left")
    graph.connect(Step(), "output", join, "right")
    compiled = compile_plan(graph, Options(target="multi", needs_data=False))
    picture = picture_of_plan(compiled.plan)
    assert [(a.source, a.target, a.label) for a in picture.arrows if "results" not in a.target] == [
        ("Source", "Join", "left, key [0]"),
        ("Step", "Join", "right, all"),
    ]
    for text in (svg(picture), dot(picture), mermaid(picture)):
        for name in ("Source", "Step", "Join"):
            assert text.count(f">{name}<") + text.count(f'"{name}"') >= 1


def hostile_picture():
    boxes = (Box("a", HOSTILE, HOSTILE), Box("b", "b"))
    return Picture(HOSTILE, boxes, (Arrow("a", "b", HOSTILE),), (Group(HOSTILE, ("a",)),))


def test_text_stays_text_in_svg():
    page = ElementTree.fromstring(svg(hostile_picture()))
    assert {one.tag.removeprefix(NS) for one in page.iter()} == {
        "svg", "title", "style", "defs", "marker", "path", "rect", "text", "g"
    }  # fmt: skip
    titles = [one.text for one in page.iter(f"{NS}title")]
    assert titles.count(HOSTILE.replace("\x00", "�").replace("\ufffe", "�").replace("\n", "�")) >= 2


def test_text_stays_text_in_dot():
    text = dot(hostile_picture())
    quoted = re.compile(r'"(?:[^"\\]|\\.)*"')
    bare = quoted.sub("Q", text)
    assert "script" not in bare
    assert sorted(set(re.findall(r"[^\s;{}\[\]=,>-]+", bare))) == sorted(
        {"digraph", "Q", "node", "shape", "box", "style", "rounded", "subgraph", "cluster_0", "label", "n0", "n1"}
    )
    assert "\n" not in "".join(quoted.findall(text))


def test_text_stays_text_in_mermaid():
    text = mermaid(hostile_picture())
    assert len(text.splitlines()) == 6
    for line in text.splitlines():
        for quoted in re.findall(r'"([^"]*)"', line):
            assert not set(quoted.replace("<br/>", "")) & set('"<>&|[](){}%\n\\')


def test_the_same_bytes_each_time():
    shown = "import sys; sys.path.insert(0, %r)\nfrom test_draw import *\nfor p in pictures(some_graph(7)):\n    print(svg(p), dot(p), mermaid(p))"
    folder = str(__file__).rpartition("/")[0]
    outs = [
        subprocess.run([sys.executable, "-c", shown % folder], capture_output=True, check=True, env={"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert outs[0] == outs[1]
    assert len(outs[0]) > 10_000


def test_a_line_that_passes_a_layer_goes_around_what_is_there():
    sizes = {key: (100.0, 20.0) for key in "abc"}
    layout = layered(sizes, [("a", "b"), ("b", "c"), ("a", "c")], (10.0, 30.0))
    [(x, y)] = layout.bends["a", "c"]
    left, top = layout.places["b"]
    assert top <= y <= top + 20
    assert x <= left - 10 or x >= left + 110


def test_nothing_to_draw():
    assert ElementTree.fromstring(svg(Picture("empty", (), (), ()))).tag == f"{NS}svg"


@pytest.mark.parametrize(("name", "begins"), [("w.svg", "<svg"), ("w.dot", "digraph"), ("w.mmd", "flowchart")])
def test_the_command_writes_what_the_file_is_named_for(tmp_path, name, begins):
    (tmp_path / "w.py").write_text("from sferic import Workflow\nwf = Workflow('w')\nwf.source([1]).map(str)\n")
    command = [sys.executable, "-m", "sferic.cli", "draw", "w.py", "--plan", "-o", name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"{name}: 3 boxes, 2 arrows\n"
    assert (tmp_path / name).read_text().startswith(begins)
    done = subprocess.run([*command[:-1], "no/where.svg"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "-o no/where.svg: No such file or directory\n")

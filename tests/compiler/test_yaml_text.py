"""YAML as data: what plain scalars mean, where things stand, and what is refused before it can do harm."""

import time

import pytest

from sferic.compiler.diagnostics import WrongInput
from sferic.compiler.frontend import yaml_text


def read(text):
    return yaml_text.read(text, "w.yaml")


def problems(text):
    try:
        return [str(problem) for problem in read(text).problems]
    except WrongInput as error:
        return str(error).splitlines()


@pytest.mark.parametrize(
    ("written", "means"),
    [("1", 1), ("-1", -1), ("0x1f", 31), ("0o17", 15), ("007", 7), ("1.5", 1.5), ("1e3", 1000.0), (".inf", float("inf")),
     ("-.inf", float("-inf")), ("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("a b", "a b"),
     ("'1'", "1"), ('"true"', "true"), ("yes", "yes"), ("on", "on"), ("no", "no"), ("2024-01-01", "2024-01-01"),
     ("1:30", "1:30"), ("1_000", "1_000"), ("=", "="), ("|\n  1\n", "1\n"), ("1" * 5000, "1" * 5000)],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(written, means):
    found = read(f"key: {written}").data["key"]
    assert (found, type(found)) == (means, type(means))


def test_a_list_a_mapping_and_what_an_alias_repeats():
    document = read("a: &x [1, {b: 2}]\nc: *x\n")
    assert document.data == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}
    assert document.data["a"] is not document.data["c"]
    assert str(document.place(("a", 1, "b"))) == "w.yaml:1:15"
    assert str(document.place(("a", 1, "b"), key=True)) == "w.yaml:1:12"
    assert str(document.place(("a", 1, "nowhere"))) == "w.yaml:1:11"


def test_nothing_at_all():
    assert read("").data is None
    assert read("# only a remark\n").data is None


@pytest.mark.parametrize(
    ("text", "told"),
    [("a: 1\nb: 2\na: 3", "w.yaml:3:1: the key 'a' is there twice. First in line 1"),
     ("a: !!python/name:os.system", "w.yaml:1:4: the tag tag:yaml.org,2002:python/name:os.system. Drop it: a workflow's file says names, texts, numbers"),
     ("a: !mine 1", "w.yaml:1:4: the tag !mine. Drop it: a workflow's file says names, texts, numbers"),
     ("a: *b", "w.yaml:1:4: *b has no anchor before it. Mark what is meant with &b"),
     ("a: &b [*b]", "w.yaml:1:8: *b has no anchor before it. Mark what is meant with &b"),
     ("a: &b {x: 1}\nc: {<<: *b}", "w.yaml:2:5: << merges nothing here. Write the keys out"),
     ("1: x", "w.yaml:1:1: 1 as a key. Keys are texts: put it into quotes"),
     ("true: x", "w.yaml:1:1: True as a key. Keys are texts: put it into quotes"),
     ("[1]: x", "w.yaml:1:1: a list or mapping as a key. Keys are texts: put it into quotes"),
     ("a: 1\n---\nb: 2", "w.yaml:2:1: a second document. A file holds one workflow")],
)  # fmt: skip
def test_what_is_left_out_is_told(text, told):
    assert problems(text) == [told]


@pytest.mark.parametrize(
    ("text", "place"), [("a: [1, 2", "w.yaml:"), ("a: 'x", "w.yaml:1:"), ("a: b: c", "w.yaml:1:5: not YAML: ")]
)
def test_what_is_no_yaml(text, place):
    [told] = problems(text)
    assert told.startswith(place)
    assert "not YAML: " in told


def test_a_character_that_no_yaml_holds():
    [told] = problems("a: 1\nb: \x07\n")
    assert told.startswith("w.yaml:2")


@pytest.mark.parametrize(
    "text",
    ["a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{b}: &{b} [{','.join(f'*{a}' for _ in range(9))}]\n"
                                            for a, b in zip("abcdefgh", "bcdefghi")),
     "a0: &a0 []\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 5000)), "[" * 100_000, "{a: " * 100_000, "- " * 100_000, "x: " + "y" * (5 << 20), "[" + "1," * 300_000 + "]"],
    ids=["aliases", "aliases of aliases", "lists", "mappings", "blocks", "length", "values"],
)  # fmt: skip
def test_a_bomb_does_nothing(text):
    before = time.process_time()
    [told] = problems(text)
    assert "more than" in told
    assert time.process_time() - before < 10


def test_all_problems_at_once():
    assert len(problems("a: !x 1\na: 2\n1: *b\n")) == 4

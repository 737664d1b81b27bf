"""What type hints of functions say about connections: warnings, and only where they are plain."""

from collections.abc import Iterable, Iterator

import pytest

from sferic import Workflow
from sferic.compiler.advice import wrong_hints
from sferic.runtime.definition import expand


def warned(wf):
    return [problem.text for problem in wrong_hints(expand(wf))]


def texts() -> Iterator[str]:
    yield "a"


def length(text: str) -> int:
    return len(text)


def half(number: float) -> float:
    return number / 2


def loud(text: str) -> str | None:
    return text.upper() or None


def split(text: str) -> list[str]:
    return text.split()


def pairs(text: str) -> Iterable[tuple[str, int]]:
    return [(text, 1)]


def first(pair: tuple[str, int]) -> str:
    return pair[0]


def unsaid(item):
    return item


def duck(item: Iterable[str]) -> "NoSuchName":  # noqa: F821
    return item


def total(so_far: int, text: str) -> int:
    return so_far + len(text)


def test_hints_that_fit():
    wf = Workflow()
    words = wf.source(texts).map(loud).flat_map(split)
    words.filter(bool).map(length).map(half).map(unsaid).map(length)
    words.flat_map(pairs).map(first).map(length)
    words.map(duck).map(half)
    words.fold(0, total)
    assert warned(wf) == []


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda wf: wf.source(texts).map(half), "texts says that it gives str, and half that it takes float"),
        (lambda wf: wf.source(texts).map(length).map(loud), "length says that it gives int, and loud that it takes str"),
        (lambda wf: wf.source(texts).map(split).map(length), "split says that it gives list, and length that it takes str"),
        (lambda wf: wf.source(texts).filter(loud).map(half), "loud says that it gives str, and half that it takes float"),
        (lambda wf: wf.source(texts).map(length).fold(0, total), "length says that it gives int, and total that it takes str"),
        (lambda wf: wf.source(texts).flat_map(pairs).sink(length), "pairs says that it gives tuple, and length that it takes str"),
    ],
)  # fmt: skip
def test_hints_that_do_not(build, text):
    wf = Workflow()
    build(wf)
    assert warned(wf) == [text]

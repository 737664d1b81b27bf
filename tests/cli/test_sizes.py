"""Sizes on the command line."""

import click
import pytest

from sferic.commands.kept import Size, limits


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("17", 17), ("2K", 2048), ("1.5 MiB", 3 << 19), ("3mb", 3 << 20), ("1G", 1 << 30), ("2TiB", 2 << 40)],
)
def test_sizes(text, size):
    assert Size().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "x", "-1", "1 PB", "1e3", "0x10", "1 2"])
def test_what_is_no_size(text):
    with pytest.raises(click.BadParameter, match="is no size: write as 512MiB"):
        Size().convert(text, None, None)


def test_what_is_not_given_is_not_in_the_configuration():
    assert limits({"keep_results": None, "keep_letters": None}) == {}
    assert limits({"keep_results": 0, "keep_letters": 5}) == {"sferic.keep.results": 0, "sferic.keep.letters": 5}

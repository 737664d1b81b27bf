"""Bytes that nobody of ours wrote: an error, no code run, memory in proportion to the data, no crash."""

import pickle
import random
import struct
import subprocess
import sys

import ormsgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sferic.runtime.codec import CodecError, GeneralCodec, TrustedCodec
from sferic.runtime.codec.tags import Tag

CODEC = GeneralCodec()
KEY = b"k" * 32
TAGS = {name: number for name, number in vars(Tag).items() if name.isupper()}


def tagged(*items: object, buffers: tuple[bytes, ...] = ()) -> bytes:
    """A tagged batch, made by hand."""
    body = ormsgpack.packb(list(items), option=ormsgpack.OPT_NON_STR_KEYS)
    return raw_tagged(body, buffers)


def raw_tagged(body: bytes, buffers: tuple[bytes, ...] = ()) -> bytes:
    lengths = struct.pack(f"<{len(buffers)}Q", *map(len, buffers))
    return b"\x03" + struct.pack("<IQ", len(buffers), len(body)) + lengths + body + b"".join(buffers)


class Bomb:
    gone_off = False

    def __reduce__(self) -> tuple[object, ...]:
        return (exec, ("import sys; sys.gone_off = True",))


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_where_data_is_expected(protocol: int) -> None:
    bomb = pickle.dumps([Bomb()], protocol)
    for data in (bomb, b"\x01" + bomb, b"\x02" + bomb, b"\x03" + bomb, raw_tagged(bomb)):
        with pytest.raises(CodecError):
            CODEC.decode(data)
    with pytest.raises(CodecError):
        TrustedCodec(KEY).decode(bomb)
    assert not hasattr(sys, "gone_off")


def test_trusted_unpickles_nothing_that_was_not_authenticated() -> None:
    ours = TrustedCodec(KEY)
    data = ours.encode([Bomb()])
    for wrong in (
        TrustedCodec(b"x" * 32).encode([Bomb()]),
        data[:-1],
        data + b"\0",
        data[:40] + bytes((data[40] ^ 1,)) + data[41:],
        data[:33],
        b"",
    ):
        with pytest.raises(CodecError):
            ours.decode(wrong)
    assert not hasattr(sys, "gone_off")
    ours.decode(data)
    assert sys.gone_off  # type: ignore[attr-defined]
    del sys.gone_off  # type: ignore[attr-defined]


LEVELS = [b"\x91", b"\x81\x01", b"\x92\x02", b"\x93\x04\x01", b"\xc7\x06\x01", b"\x92\x05", b"\x93\x1a\x01"]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("depth", [2000, 100_000])
def test_nesting_100_000_deep(level: bytes, depth: int) -> None:
    body = b"\x91" + level * depth + b"\x01"
    for data in (b"\x01" + body, b"\x02" + body, raw_tagged(body)):
        with pytest.raises(CodecError):
            CODEC.decode(data)


@pytest.mark.parametrize("level", [b"\x92\x02", b"\x81\x01", b"\x92\x05"])
def test_nesting_deeper_than_is_ever_written(level: bytes) -> None:
    with pytest.raises(CodecError, match="nested more than 200 deep"):
        CODEC.decode(raw_tagged(b"\x91" + level * 210 + b"\x01"))


@pytest.mark.parametrize("name", TAGS)
def test_every_tag_with_wrong_contents(name: str) -> None:
    wrong: list[object] = [
        None,
        True,
        -1,
        2**63,
        1e308,
        "x" * 50,
        b"\xff" * 9,
        [],
        [0],
        [99],
        [[]],
        {},
        {"a": [7]},
        "<O8",
    ]
    for first in wrong:
        for rest in ([], *([w] for w in wrong), [wrong[3]] * 9, [0, 0, "a", [1], b""]):
            try:
                CODEC.decode(tagged([TAGS[name], first, *rest]))
            except CodecError as error:
                assert str(error)  # noqa: PT017 - most are refused, some are values


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_noise(noise: bytes) -> None:
    for data in (
        noise,
        b"\x01" + noise,
        b"\x02" + noise,
        b"\x03" + noise,
        raw_tagged(noise),
        raw_tagged(b"\x91" + noise),
    ):
        try:
            CODEC.decode(data)
        except CodecError as error:
            assert str(error)  # noqa: PT017 - noise may happen to be a batch


def test_bytes_changed_and_cut() -> None:
    import numpy as np  # noqa: PLC0415

    whole = CODEC.encode([(1, [2.5, {"a": {1}}]), np.arange(2000), "x", {(1,): b"y"}])
    dice = random.Random(7)  # noqa: S311 - the same noise at every run
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 3)):
            data[dice.randrange(120)] = dice.randrange(256)
        for changed in (bytes(data), whole[: dice.randrange(len(whole))]):
            try:
                CODEC.decode(changed)
            except CodecError as error:
                assert str(error)  # noqa: PT017 - some changes only change a number


def test_cut_batches_are_refused() -> None:
    for items in (["a", "b"], [("a", 1)], [{1}, (2, (3,))]):
        whole = CODEC.encode(items)
        for length in range(len(whole)):
            with pytest.raises(CodecError):
                CODEC.decode(whole[:length])


MANY = 0xFFFFFFF0
LENGTHS = {
    "array": b"\x01\xdd" + struct.pack(">I", MANY),
    "array with something": b"\x01\xdd" + struct.pack(">I", MANY) + b"\x01" * 1000,
    "map": b"\x01\x91\xdf" + struct.pack(">I", MANY) + b"\x01" * 1000,
    "str": b"\x01\x91\xdb" + struct.pack(">I", MANY) + b"a" * 1000,
    "bytes": b"\x01\x91\xc6" + struct.pack(">I", MANY) + b"a" * 1000,
    "columns": b"\x02\x92\xdd" + struct.pack(">I", MANY) + b"\x01" * 1000,
    "buffers": b"\x03" + struct.pack("<IQ", MANY, 1) + b"\x90",
    "body": b"\x03" + struct.pack("<IQ", 0, 2**63) + b"\x90",
    "array's shape": tagged([Tag.ARRAY, "<f8", [2**40], b""]),
    "array's shape over 64 bit": tagged([Tag.ARRAY, "<f8", [2**62, 2**62], b""]),
    "empty array's other lengths": tagged([Tag.ARRAY, "<f8", [2**63, 2**63, 0], b""]),
    "elements of no bytes": tagged([Tag.ARRAY, "<U0", [2**40], b""]),
    "dtype": tagged([Tag.ARRAY, "<U99999999999", [1], b""]),
    "subarray": tagged([Tag.ARRAY, [["a", "<f8", [2**31, 2**31]]], [1], b""]),
    "object array": tagged([Tag.ARRAY, "|O", [1], b"\0" * 8]),
    "objects in a struct": tagged([Tag.ARRAY, [["a", "|O8"]], [1], b"\0" * 8]),
    "pointers to strings": tagged([Tag.ARRAY, "|T16", [1], b"\1" * 16]),
    "bytearray of a number": tagged([Tag.BYTEARRAY, 2**40]),
    "big int of a number": tagged([Tag.BIG_INT, 2**40]),
    "extension frame": b"\x01\x91\xc9" + struct.pack(">I", MANY) + b"\x05" + b"a" * 1000,
}


PROBE = """
import resource, sys
import numpy
from sferic.runtime.codec import CodecError, GeneralCodec
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + (300 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for line in sys.stdin:
    try:
        GeneralCodec().decode(bytes.fromhex(line))
    except CodecError as error:
        assert "MemoryError" not in str(error), (line[:60], error)
    else:
        raise SystemExit("decoded " + line[:60])
"""


def test_absurd_lengths_take_no_memory() -> None:
    """In a process with 300 MB of address space to spare, where a try to take more is a MemoryError."""
    every = "\n".join(data.hex() for data in LENGTHS.values())
    probe = [sys.executable, "-c", PROBE]
    done = subprocess.run(probe, input=every, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", LENGTHS)
def test_absurd_lengths(kind: str) -> None:
    with pytest.raises(CodecError):
        CODEC.decode(LENGTHS[kind])


@pytest.mark.parametrize(
    "name",
    [
        "os:system",
        "subprocess:Popen",
        "builtins:object",
        "builtins:tuple",
        "antigravity:x",
        "this:d",
        "json.tool:main",
        "pathlib:Path",
        ":",
        "",
        "sferic.runtime.codec:GeneralCodec",
        "sferic.runtime.codec.general:GeneralCodec",
        "os:path.join",
        "\ud800:\ud800".encode("utf-8", "replace").decode(),
        3,
        None,
    ],
)
def test_only_own_data_classes_are_found_and_nothing_is_imported(name: object) -> None:
    before = set(sys.modules)
    for tag in (Tag.OBJECT, Tag.NAMED_TUPLE, Tag.ENUM, Tag.FLAG, Tag.EXTENSION):
        with pytest.raises(CodecError):
            CODEC.decode(tagged([tag, name, "a", "b"]))
    assert set(sys.modules) == before


@pytest.mark.parametrize("key", ["../../etc/passwd", "/etc/passwd", "a.b/c", "", "x" * 99, "a//b", "a\n", 1, None])
def test_time_zone_keys_never_reach_the_file_system(key: object) -> None:
    with pytest.raises(CodecError, match="no key of a time zone"):
        CODEC.decode(tagged([Tag.ZONEINFO, key]))


@pytest.mark.parametrize("key", ["America", "No/Where"])
def test_time_zones_that_do_not_exist(key: object) -> None:
    with pytest.raises(CodecError):
        CODEC.decode(tagged([Tag.ZONEINFO, key]))

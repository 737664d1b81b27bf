"""Frames and batches as docs/frames.md lays them out; the shim's tests read the same vectors."""

import json
import struct
from pathlib import Path

import pytest

from sferic.runtime import frames
from sferic.runtime.frames import BatchHeader, Body, Emit, FrameError, FrameReader

VECTORS = json.loads((Path(__file__).parents[1] / "frames.json").read_text())
FRAMES = {name: vector for name, vector in VECTORS.items() if "type" in vector["fields"]}
BATCHES = {name: vector for name, vector in VECTORS.items() if "type" not in vector["fields"]}


def emits(fields):
    return [Emit(e["link"], e["bucket"], bytes.fromhex(e["batch"])) for e in fields["emits"]]


@pytest.mark.parametrize("name", BATCHES)
def test_batch_headers(name):
    data = bytes.fromhex(BATCHES[name]["hex"])
    fields = BATCHES[name]["fields"]
    header = BatchHeader.unpack(data)
    for field in ("kind", "codec", "flags", "link", "sender", "attempt", "epoch", "sequence", "count"):
        assert getattr(header, field) == fields[field], field
    assert header.pack() + bytes.fromhex(fields["payload"]) == data


@pytest.mark.parametrize("name", FRAMES)
def test_frames_are_read_as_written(name):
    fields = FRAMES[name]["fields"]
    [(kind, flags, body)] = list(FrameReader().feed(bytes.fromhex(FRAMES[name]["hex"])))
    assert (kind, flags) == (fields["type"], fields["flags"])
    reader = Body(body)
    if kind == frames.FEED:
        assert reader.inputs() == [(number, bytes.fromhex(batch)) for number, batch in fields["inputs"]]
    elif kind == frames.FINISH:
        assert reader.number() == fields["input"]
    elif kind in (frames.SAVE, frames.KEPT):
        assert reader.number() == fields["number"]
    elif kind == frames.RESTORE:
        assert body == bytes.fromhex(fields["state"])
    elif kind == frames.SAVED:
        assert reader.saved() == (fields["number"], bytes.fromhex(fields["token"]), bytes.fromhex(fields["state"]))
    elif kind == frames.ACKED:
        assert reader.numbers() == fields["groups"]
    elif kind == frames.ANSWER:
        assert reader.numbers() == fields["inputs"]
        assert reader.emits() == emits(fields)
    elif kind == frames.EMIT:
        assert reader.group() == (fields["group"], bytes.fromhex(fields["token"]))
        assert reader.emits() == emits(fields)


def test_frames_are_written_as_the_vectors_say():
    feed, answer = FRAMES["feed"], FRAMES["answer"]
    inputs = [(number, bytes.fromhex(batch)) for number, batch in feed["fields"]["inputs"]]
    assert frames.pack_frame(frames.FEED, frames.pack_inputs(inputs)).hex() == feed["hex"]
    body = b"".join((frames.pack_numbers(answer["fields"]["inputs"]), *frames.pack_emits(emits(answer["fields"]))))
    assert frames.pack_frame(frames.ANSWER, body).hex() == answer["hex"]
    saved = FRAMES["saved"]["fields"]
    parts = frames.pack_saved(saved["number"], bytes.fromhex(saved["token"]), bytes.fromhex(saved["state"]))
    assert frames.pack_frame(frames.SAVED, b"".join(parts)).hex() == FRAMES["saved"]["hex"]
    assert frames.pack_frame(frames.SAVE, frames.pack_number(9)).hex() == FRAMES["save"]["hex"]


def test_a_frame_in_pieces():
    data = b"".join(bytes.fromhex(vector["hex"]) for vector in FRAMES.values())
    reader = FrameReader()
    pieces = [frame for at in range(len(data)) for frame in reader.feed(data[at : at + 1])]
    assert len(pieces) == len(FRAMES)
    assert reader.held == 0


def test_an_absurd_length_is_refused_before_memory_is_taken():
    with pytest.raises(FrameError, match="not this protocol"):
        list(FrameReader().feed(struct.pack("<IBBH", 1 << 31, frames.FEED, 0, 0)))


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_body_that_ends_too_early(cut):
    [(_, _, body)] = list(FrameReader().feed(bytes.fromhex(FRAMES["answer"]["hex"])))
    reader = Body(body[:-cut])
    with pytest.raises(FrameError):
        reader.numbers()
        reader.emits()

"""A child process that is sent nonsense leaves at once and says why; it takes no memory for it."""

import json
import socket
import struct
import subprocess
import sys

import pytest

from sferic import IterativePE, ProducerPE, WorkflowGraph
from sferic.compiler.pipeline import Options, compile_plan
from sferic.launch import pickled, with_reference
from sferic.runtime import frames
from sferic.runtime.codec import GeneralCodec
from sferic.runtime.frames import BatchHeader, Body, FrameReader


class Numbers(ProducerPE):
    def _process(self, inputs):
        yield from range(3)


class Same(IterativePE):
    """Passes on what comes, and at the end the sum of it."""

    def __init__(self):
        super().__init__()
        self.total = 0

    def _process(self, data):
        if data == "a socket":
            self.handle = socket.socket()
        else:
            self.total += data
        return data

    def _postprocess(self):
        self.write("output", self.total)


@pytest.fixture
def child(tmp_path):
    """Starts a real one for the PE with an input, up to READY."""
    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", Same(), "input")
    plan = with_reference(compile_plan(graph, Options(target="multi", fuse="none")), pickled(graph, tmp_path)).plan
    plan.write(tmp_path / "plan.json")
    (tmp_path / "page").write_bytes(bytes(4096))
    started = []

    def start(*, ready=True, restores=None):
        command = [sys.executable, "-m", "sferic.runtime.worker"]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
        started.append(process)
        orders = {
            "protocol": frames.PROTOCOL,
            "plan": str(tmp_path / "plan.json"),
            "root": str(tmp_path),
            "stage": plan.links[0].to_stage,
            "rank": 0,
            "attempt": 1,
            "page": str(tmp_path / "page"),
            "window": 16,
            "keeps": True,
            "restores": restores is not None,
        }
        if ready:
            send(process, frames.pack_frame(frames.START, json.dumps(orders).encode()))
            if restores is not None:
                send(process, frames.pack_frame(frames.RESTORE, restores))
            assert next(received(process))[0] == frames.READY
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            pipe.close()


def send(process, data):
    process.stdin.write(data)
    process.stdin.flush()


def received(process):
    reader = FrameReader()
    while data := process.stdout.read1(1 << 16):
        yield from reader.feed(data)


def feed(batch, *, length=None, count=1):
    return frames.pack_frame(
        frames.FEED, struct.pack("<IQI", count, 1, len(batch) if length is None else length) + batch
    )


BATCH = BatchHeader(0, 0, 1, 1).pack() + b"\xff\xff\xff\xff"
WRONG = {
    "an oversized frame": struct.pack("<IBBH", 0xFFFFFFFF, frames.FEED, 0, 0),
    "garbage": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a reserved field in use": struct.pack("<IBBH", 0, frames.STOP, 0, 7),
    "an unknown type": frames.pack_frame(0x7F),
    "an answer, which is not for a host": frames.pack_frame(frames.ANSWER, bytes(8)),
    "a count above what is there": feed(BATCH, count=0xFFFFFFFF),
    "a batch longer than its frame": feed(BATCH, length=0xFFFFFFFF),
    "a batch shorter than its header": feed(b"short"),
    "a batch of another version": feed(b"\x09" + BATCH[1:]),
    "a batch of a link that is not there": feed(BatchHeader(77, 0, 1, 1).pack()),
    "a batch of another codec": feed(BatchHeader(0, 0, 1, 1, codec=2).pack()),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_nonsense_ends_it_with_a_word(wrong, child):
    process = child()
    send(process, WRONG[wrong])
    said = process.stderr.read().decode()
    assert process.wait(20) == 1
    assert "FrameError" in said
    assert len(said.splitlines()) < 40


def test_nonsense_before_start(child):
    process = child(ready=False)
    send(process, WRONG["an oversized frame"])
    assert "FrameError" in process.stderr.read().decode()
    assert process.wait(20) == 1


def test_items_that_no_codec_reads_fail_as_a_batch(child):
    process = child()
    send(process, feed(BATCH))
    events = [json.loads(body) for kind, _, body in received(process) if kind == frames.EVENT]
    [failed] = [event for event in events if event["event"] == "failed"]
    assert (failed["pe"], failed["port"], failed["item"]) == ("Same", "input", "a batch of 1")


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 20, 50])
def test_a_pipe_that_ends_inside_a_frame_ends_it(cut, child):
    process = child()
    process.stdin.write(feed(BATCH)[:cut])
    process.stdin.close()
    assert list(received(process)) == []
    process.wait(20)


def test_an_instance_gives_its_state_away_and_another_process_goes_on_with_it(child):
    process = child()
    send(process, batch_of(3) + frames.pack_frame(frames.SAVE, frames.pack_number(5)))
    state = saved(process, 5)
    other = child(restores=state)
    send(other, batch_of(4) + frames.pack_frame(frames.FINISH, frames.pack_number(0)))
    emits = [emit for kind, _, body in received(other) if kind == frames.ANSWER for emit in answered(body)]
    assert [GeneralCodec().decode(emit.batch[frames.BATCH_HEADER_SIZE :]) for emit in emits] == [[4], [7]]


def test_an_attribute_that_cannot_be_given_away_is_named(child):
    process = child()
    send(process, batch_of("a socket") + frames.pack_frame(frames.SAVE, frames.pack_number(5)))
    told = [json.loads(body) for kind, _, body in received(process) if kind == frames.EVENT]
    (error,) = [event for event in told if event["event"] == "error"]
    assert "Same.handle cannot be kept (socket: " in error["text"]
    assert process.wait() == 0


def batch_of(value):
    batch = BatchHeader(0, 0, 1, 1).pack() + GeneralCodec().encode([value])
    return feed(batch)


def answered(body):
    reader = Body(body)
    reader.numbers()
    return reader.emits()


def saved(process, number):
    for kind, _, body in received(process):
        if kind == frames.SAVED:
            told, token, state = Body(body).saved()
            assert (told, token) == (number, b"")
            return state
    raise AssertionError(process.stderr.read())

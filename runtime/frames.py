"""Frames and batch headers, as docs/frames.md lays them out."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

PROTOCOL = 1
FRAME_LIMIT = 256 << 20

START, RESTORE, FEED, FINISH, SAVE, ACKED, STOP, KEPT = 0x01, 0x02, 0x10, 0x11, 0x12, 0x20, 0x21, 0x22
READY, ANSWER, EMIT, DONE, EVENT, SAVED = 0x81, 0x82, 0x83, 0x84, 0x85, 0x86
RESULT, STATE = 0x90, 0x91  # from a local Storm to the command that started it

FINISHED = 1  # flag of ANSWER: postprocess is done

KIND_ITEMS = 0  # the only kind that hosts see: END is between supervisors

_HEADER = struct.Struct("<IBBH")
_BATCH = struct.Struct("<BBBBIIIQQII")
_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")
_FED = struct.Struct("<QI")
_EMIT = struct.Struct("<III")

BATCH_HEADER_SIZE = _BATCH.size


class FrameError(ValueError):
    """Bytes that are not what docs/frames.md says; the link is of no use any more."""


@dataclass(frozen=True, slots=True)
class BatchHeader:
    """The 40 bytes before a batch's items."""

    link: int
    sender: int
    sequence: int
    count: int
    kind: int = KIND_ITEMS
    codec: int = 1
    flags: int = 0
    attempt: int = 1
    epoch: int = 0

    VERSION: ClassVar[int] = 1

    def pack(self) -> bytes:
        """The header's bytes."""
        return _BATCH.pack(
            self.VERSION, self.kind, self.codec, self.flags, self.link, self.sender,
            self.attempt, self.epoch, self.sequence, self.count, 0,
        )  # fmt: skip

    @classmethod
    def unpack(cls, data: bytes | memoryview) -> "BatchHeader":
        """Read the header at the start of a batch."""
        if len(data) < BATCH_HEADER_SIZE:
            raise FrameError(f"a batch of {len(data)} bytes is shorter than its header")
        version, kind, codec, flags, link, sender, attempt, epoch, sequence, count, _ = _BATCH.unpack_from(data)
        if version != cls.VERSION:
            raise FrameError(f"batch version {version}, this runtime reads {cls.VERSION}")
        return cls(link, sender, sequence, count, kind, codec, flags, attempt, epoch)


@dataclass(frozen=True, slots=True)
class Emit:
    """A batch on its way to a bucket of a link. Its sender may have it in two parts: the header, and `rest`."""

    link: int
    bucket: int
    batch: bytes
    rest: bytes = b""


def pack_frame(kind: int, body: bytes = b"", flags: int = 0) -> bytes:
    """One frame."""
    return pack_header(kind, len(body), flags) + body


def pack_header(kind: int, length: int, flags: int = 0) -> bytes:
    """The start of a frame whose body has `length` bytes."""
    return _HEADER.pack(length, kind, flags, 0)


def pack_inputs(inputs: Sequence[tuple[int, bytes]]) -> bytes:
    """Body of FEED: (input, batch)s."""
    parts = [_U32.pack(len(inputs))]
    for number, batch in inputs:
        parts += (_FED.pack(number, len(batch)), batch)
    return b"".join(parts)


def pack_numbers(numbers: Sequence[int]) -> bytes:
    """Body of ACKED, start of ANSWER."""
    return struct.pack(f"<I{len(numbers)}Q", len(numbers), *numbers)


def pack_number(number: int) -> bytes:
    """Body of FINISH, SAVE and KEPT."""
    return _U64.pack(number)


def pack_emits(emits: Sequence[Emit]) -> list[bytes]:
    """The emits of ANSWER and EMIT, in parts so that no batch is copied."""
    parts = [_U32.pack(len(emits))]
    for emit in emits:
        head = _EMIT.pack(emit.link, emit.bucket, len(emit.batch) + len(emit.rest))
        parts += (head + emit.batch, emit.rest) if emit.rest else (head, emit.batch)
    return parts


def pack_group(group: int, token: bytes, emits: Sequence[Emit]) -> list[bytes]:
    """Body of EMIT, in parts."""
    return [_FED.pack(group, len(token)), token, *pack_emits(emits)]


def pack_saved(number: int, token: bytes, state: bytes) -> list[bytes]:
    """Body of SAVED, in parts."""
    return [_FED.pack(number, len(token)), token, state]


class Body:
    """Reads a frame's body from front to back; FrameError where it ends too early."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)
        self._at = 0

    def _fields(self, layout: struct.Struct) -> tuple[int, ...]:
        if self._at + layout.size > len(self._data):
            raise FrameError("a frame ends inside a field")
        fields = layout.unpack_from(self._data, self._at)
        self._at += layout.size
        return fields

    def _bytes(self, length: int) -> bytes:
        if self._at + length > len(self._data):
            raise FrameError(f"a frame ends inside a field of {length} bytes")
        data = bytes(self._data[self._at : self._at + length])
        self._at += length
        return data

    def number(self) -> int:
        """A u64."""
        return self._fields(_U64)[0]

    def numbers(self) -> list[int]:
        """A count, and so many u64."""
        return [self.number() for _ in range(self._fields(_U32)[0])]

    def inputs(self) -> list[tuple[int, bytes]]:
        """What `pack_inputs` wrote."""
        inputs: list[tuple[int, bytes]] = []
        for _ in range(self._fields(_U32)[0]):
            number, length = self._fields(_FED)
            inputs.append((number, self._bytes(length)))
        return inputs

    def group(self) -> tuple[int, bytes]:
        """Group and token at the start of EMIT."""
        group, length = self._fields(_FED)
        return group, self._bytes(length)

    def saved(self) -> tuple[int, bytes, bytes]:
        """Number, token and state of SAVED."""
        number, token = self.group()
        return number, token, self._bytes(len(self._data) - self._at)

    def emits(self) -> list[Emit]:
        """What `pack_emits` wrote."""
        emits: list[Emit] = []
        for _ in range(self._fields(_U32)[0]):
            link, bucket, length = self._fields(_EMIT)
            emits.append(Emit(link, bucket, self._bytes(length)))
        return emits


class FrameReader:
    """Cuts a byte stream into frames."""

    def __init__(self, limit: int = FRAME_LIMIT) -> None:
        self._limit = limit
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Yield (type, flags, body) of every frame that `data` completes."""
        self._pending += data
        start = 0
        while len(self._pending) - start >= _HEADER.size:
            length, kind, flags, reserved = _HEADER.unpack_from(self._pending, start)
            if length > self._limit or reserved:
                raise FrameError(f"a frame header that says {length} bytes, type {kind:#x}: not this protocol")
            end = start + _HEADER.size + length
            if len(self._pending) < end:
                break
            yield kind, flags, bytes(memoryview(self._pending)[start + _HEADER.size : end])
            start = end
        del self._pending[:start]

    @property
    def held(self) -> int:
        """How many bytes of a frame are here that has not ended."""
        return len(self._pending)

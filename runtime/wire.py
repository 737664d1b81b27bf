"""The child's end of the pipes: frames in, frames out, batches encoded on their way."""

import json
import os
import select
import threading
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, Protocol

from sferic.runtime import frames
from sferic.runtime.codec import CodecError
from sferic.runtime.frames import BatchHeader, Emit, FrameReader
from sferic.runtime.host.outputs import ANY_NUMBER, Refuse, accepted, raise_it
from sferic.runtime.host.step import HANDING, PAGE_FIELDS, PAGE_STATE, Page
from sferic.runtime.observe import Event
from sferic.runtime.plan import Link
from sferic.runtime.room import BIG, make_room

_READ = 1 << 20
_GATHERED = 32 << 20  # bytes of batches in one frame, unless a single one has more
_BATCH = frames.FRAME_LIMIT - (1 << 20)


class Codec(Protocol):
    """Items to bytes and back."""

    id: int

    def encode(self, items: list[Any]) -> bytes:
        """Bytes of a batch's payload."""
        ...

    def decode(self, data: bytes | memoryview) -> list[Any]:
        """The items again."""
        ...


class Wire:
    """Frames to and from the supervisor, and the outlet of the host."""

    first_limit = 8

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self.page: Page = [0] * PAGE_FIELDS
        self._owner = threading.get_ident()
        self._in = incoming.fileno()
        self._out = outgoing.fileno()
        self._reader = FrameReader()
        self._roomy = False
        self._ready: list[tuple[int, int, bytes]] = []
        self._writing = threading.RLock()  # what a source prints comes from its own thread
        self.codecs: dict[int, Codec] = {}
        self.refused: Refuse = raise_it
        self.attempt = 1
        self.sender = 0
        self._sequence = 0
        self._emits: list[Emit] = []
        self.most = ANY_NUMBER  # items a batch had better hold, whatever the link says
        self.overflow: Callable[[], None] = _nowhere  # sends what is gathered before it is too much for a frame
        self._bytes = 0
        self.largest = self._largest = 0  # items of the largest batch of those taken last, of those gathered

    def read(self, timeout: float | None = None) -> tuple[int, int, bytes]:
        """The next frame; EOFError at the pipe's end, TimeoutError after `timeout` seconds without one."""
        while not self._ready:
            if timeout is not None and not select.select([self._in], [], [], timeout)[0]:
                raise TimeoutError
            data = os.read(self._in, _READ)
            if not data:
                raise EOFError
            self._ready = list(self._reader.feed(data))
            if self._reader.held > BIG:
                self._make_room()
            self._ready.reverse()
        return self._ready.pop()

    def write(self, kind: int, body: bytes | Sequence[bytes] = b"", flags: int = 0) -> None:
        """Send one frame, whole. While it waits for room in the pipe it does not hang: the page says so."""
        parts = (body,) if isinstance(body, bytes) else body
        size = sum(map(len, parts))
        head = frames.pack_header(kind, size, flags)
        page = self.page if threading.get_ident() == self._owner else [0] * PAGE_FIELDS
        state = page[PAGE_STATE]
        page[PAGE_STATE] = HANDING
        with self._writing:
            if size < BIG:
                self._write_all(b"".join((head, *parts)))
            else:
                self._make_room()
                self._write_all(head)
                for part in parts:
                    self._write_all(part)
        page[PAGE_STATE] = state

    def _write_all(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._out, rest) :]

    def _make_room(self) -> None:
        if not self._roomy:
            self._roomy = True
            make_room(self._in, self._out)

    def tell(self, event: Event) -> None:
        """Send an event."""
        self.write(frames.EVENT, json.dumps(event, ensure_ascii=True, default=str).encode())

    def close(self) -> None:
        """No more frames come from here."""
        os.close(self._out)

    def send(self, link: Link, bucket: int, items: list[Any]) -> int:
        """Encode a batch and gather it for the next answer; items that the codec refuses fail one by one."""
        codec = self.codecs[link.id]
        encoded = accepted(link, items, codec.encode, self.refused)
        if encoded is None:
            return link.batch.items
        items, payload = encoded
        if len(payload) <= _BATCH:
            return self._gather(link, bucket, codec.id, len(items), payload)
        if len(items) > 1:
            half = len(items) // 2
            return min(self.send(link, bucket, items[:half]), self.send(link, bucket, items[half:]))
        reason = f"an item of {len(payload):,} bytes is more than the {_BATCH:,} that go through a pipe at once"
        self.refused(link, items[0], CodecError(reason, advice="write it in parts"))
        return link.batch.items

    def _gather(self, link: Link, bucket: int, codec: int, count: int, payload: bytes) -> int:
        if self._emits and self._bytes + len(payload) > _GATHERED:
            self.overflow()
        self._bytes += len(payload)
        self._sequence += 1
        header = BatchHeader(link.id, self.sender, self._sequence, count, codec=codec, attempt=self.attempt)
        self._largest = max(self._largest, count)
        self._emits.append(Emit(link.id, bucket, header.pack(), payload))
        return max(1, min(self.most, link.batch.bytes * count // max(1, len(payload))))

    def take_emits(self) -> list[Emit]:
        """What was gathered, to be sent by the caller."""
        emits, self._emits = self._emits, []
        self.largest, self._largest = self._largest, 0
        self._bytes = 0
        return emits

    @property
    def gathered(self) -> bool:
        """True where emits wait to be sent."""
        return bool(self._emits)

    def decode(self, batch: bytes) -> tuple[int, list[Any] | CodecError]:
        """(link id, items of a batch, or why the codec cannot read them)."""
        header = BatchHeader.unpack(batch)
        codec = self.codecs.get(header.link)
        if codec is None:
            raise frames.FrameError(f"a batch of link {header.link}, which the plan has not")
        if header.codec != codec.id:
            raise frames.FrameError(f"link {header.link} carries codec {header.codec}, the plan says {codec.id}")
        try:
            return header.link, codec.decode(memoryview(batch)[frames.BATCH_HEADER_SIZE :])
        except CodecError as error:
            return header.link, error


def _nowhere() -> None:
    """Nobody said where to: it stays gathered."""

"""Results and dead letters that wait on a cluster, handed out once each."""

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any

from sferic.cluster.nimbus import Nimbus
from sferic.cluster.topologies import Found, about
from sferic.runtime import frames
from sferic.runtime.codec import codec_for
from sferic.runtime.frames import BATCH_HEADER_SIZE, BatchHeader, FrameReader
from sferic.runtime.host.failures import with_letter_key
from sferic.runtime.observe import Event

Taken = tuple[str, str, list[Any]]  # PE, port, items


class Taking:
    """Hands out what waits, however often it is asked and Nimbus goes away meanwhile. `keep`: and leaves it there.

    What was handed out is known here, and while it is not left there, on the cluster: a chunk goes when all of it was
    dealt with. One that may still grow stays; a blob `taken` says how many of its frames were.
    """

    def __init__(self, nimbus: Nimbus, *, keep: bool = False) -> None:
        self._nimbus = nimbus
        self._keep = keep
        self._done: set[str] = set()  # chunks and lots that were dealt with to their end
        self._frames: dict[str, int] = {}  # how many were, of a chunk that may still grow
        self._about: dict[str, dict[str, Any]] = {}

    def results(self, found: Found, *, over: bool) -> Iterator[Taken]:
        """Those that are there; dealt with when the next is asked for. `over`: no more will come."""
        chunks, marks = found.results, found.marks
        growing = set[str]() if over else _growing(chunks)
        for key in chunks:
            marked = marks.get(key, {})
            if key in self._done:
                self._drop(key, *marked)  # should Nimbus have gone away before
                continue
            data = self._nimbus.read_blob(key)
            if data is None:
                continue  # somebody else has taken it
            batches = [batch for kind, _, batch in FrameReader().feed(data) if kind == frames.RESULT]
            before = max(self._frames.get(key, 0), *marked.values(), 0)
            for batch in batches[before:]:
                yield self._decoded(found, batch)
            if key not in growing:
                self._done.add(key)
                self._drop(key, *marked)
            elif len(batches) > before:
                self._frames[key] = len(batches)
                if not self._keep:
                    self._nimbus.write_blob(found.mark(key, len(batches)), b"")
                    self._drop(*marked)

    def letters(self, found: Found, take: Callable[[Event], None]) -> None:
        """Give the dead letters that are there to `take`."""
        for lot in found.parts("letters."):
            if lot not in self._done:
                key = b64decode(self._said(found).get("key", ""))
                for line in (self._nimbus.read_blob(lot) or b"").splitlines():
                    take(with_letter_key(json.loads(line), key))
                self._done.add(lot)
            self._drop(lot)

    def _drop(self, *keys: str) -> None:
        if not self._keep:
            for key in keys:
                self._nimbus.delete_blob(key)

    def _said(self, found: Found) -> dict[str, Any]:
        """Asked for when there is something: whoever wrote that has left the key before."""
        if found.id not in self._about:
            self._about[found.id] = about(self._nimbus, found)
        return self._about[found.id]

    def _decoded(self, found: Found, batch: bytes) -> Taken:
        said = self._said(found)
        pe, port, codec = said["results"][str(BatchHeader.unpack(batch).link)]
        decoder = codec_for(codec, key=b64decode(said.get("key", "")))
        return pe, port, decoder.decode(memoryview(batch)[BATCH_HEADER_SIZE:])


def _growing(chunks: list[str]) -> set[str]:
    """Those that may still grow: the last one of each writer, where it says so. `chunks`: oldest first."""
    last = {writer: key for key in chunks if (writer := _writer(key))}
    return set(last.values())


def _writer(chunk: str) -> str:
    """Of `results.ATTEMPT.TIME.NUMBER.WRITER.grows`; empty for a chunk that is as it was made."""
    rest, _, end = chunk.rpartition(".")
    return rest.rpartition(".")[2] if end == "grows" else ""

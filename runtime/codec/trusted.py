"""Pickled batches, authenticated: for workflows whose items are not data."""

import hashlib
import hmac
import io
import pickle
import struct

from sferic.runtime.codec.errors import CodecError, type_name

_KIND = 0x54
_COUNT = struct.Struct(">I")
_MAC_BYTES = 32
_HEADER = 1 + _MAC_BYTES


class TrustedCodec:
    """Pickles items under HMAC-SHA256 with `key`, the topology's secret of at least 16 bytes.

    It protects from those who can send bytes but do not know the key: nothing is unpickled before the whole
    batch is authenticated. A batch that was seen can be sent again: repeats are the transport's to watch.
    """

    id = 2

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("the key of a trusted codec has at least 16 bytes")
        self._key = bytes(key)

    def encode(self, items: list[object]) -> bytes:
        """One pickle an item, so that two items never share an object where they arrive."""
        parts = [_COUNT.pack(len(items))]
        for index, item in enumerate(items):
            try:
                parts.append(pickle.dumps(item, protocol=5))
            except Exception as error:  # pickling runs the item's own code, which may raise anything
                name = type_name(type(item))
                raise CodecError(f"cannot pickle {name}: {error}", type_name=name, index=index) from error
        body = b"".join(parts)
        return b"".join((bytes((_KIND,)), self._mac(body), body))

    def decode(self, data: bytes | memoryview) -> list[object]:
        """Raises CodecError for bytes that were not made with this key, before they are looked at."""
        view = memoryview(data)
        if len(view) < _HEADER + _COUNT.size or view[0] != _KIND:
            raise CodecError("these bytes are no batch of the trusted codec")
        body = view[_HEADER:]
        if not hmac.compare_digest(self._mac(body), bytes(view[1:_HEADER])):
            raise CodecError("the batch was not made with the key of this topology, or was changed on its way")
        stream = io.BytesIO(body)
        (count,) = _COUNT.unpack(stream.read(_COUNT.size))
        try:
            return [pickle.load(stream) for _ in range(count)]  # noqa: S301 - authenticated above
        except Exception as error:  # unpickling runs the items' own code, which may raise anything
            raise CodecError(f"cannot unpickle an item: {error}") from error

    def sealed_anew(self, data: bytes, key: bytes) -> bytes:
        """The batch under another key; one that was not made with this one stays as it is."""
        body = data[_HEADER:]
        if not hmac.compare_digest(self._mac(body), data[1:_HEADER]):
            return data
        return b"".join((data[:1], TrustedCodec(key)._mac(body), body))

    def _mac(self, body: bytes | memoryview) -> bytes:
        return hmac.digest(self._key, body, hashlib.sha256)

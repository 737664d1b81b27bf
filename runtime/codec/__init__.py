"""Batches of items to bytes and back.

`GeneralCodec` is exact (what arrives equals what was written, type and all) and safe (no byte of a
stream runs code). `TrustedCodec` pickles, for items that are not data, and needs a key.
"""

from sferic.runtime.codec.errors import CodecError
from sferic.runtime.codec.general import GeneralCodec
from sferic.runtime.codec.trusted import TrustedCodec
from sferic.runtime.codec.types import TypeTable, register

__all__ = ["Codec", "CodecError", "GeneralCodec", "TrustedCodec", "TypeTable", "codec_for", "register"]

Codec = GeneralCodec | TrustedCodec


def codec_for(name: str, *, types: TypeTable | None = None, key: bytes | None = None) -> Codec:
    """The codec that a plan calls `name`: "general" (which takes `types`) or "trusted" (which takes `key`).

    Raises ValueError for another name and for "trusted" without a key.
    """
    if name == "general":
        return GeneralCodec(types)
    if name == "trusted":
        if key is None:
            raise ValueError("codec 'trusted' needs the key of the topology")
        return TrustedCodec(key)
    raise ValueError(f"unknown codec {name!r}: it is 'general' or 'trusted'")

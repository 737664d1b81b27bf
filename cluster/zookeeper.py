"""As much of ZooKeeper's protocol as it takes to remove what processes that are dead have left there."""

import socket
import struct
from collections.abc import Iterable

# Version, last change seen, timeout in ms, session, its password with the length, reading only?
_CONNECT = struct.Struct(">iqiqi16s?")
_SESSION_MS = 10_000
_DELETE, _CHILDREN, _CLOSE = 2, 8, -11
_DONE, _NO_NODE = 0, -101
_ANY_VERSION = -1


class ZooKeeperError(RuntimeError):
    """It answered with something else."""


class _Session:
    """Requests over a connected socket, one after the other."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._count = 0
        self._send(_CONNECT.pack(0, 0, _SESSION_MS, 0, 16, bytes(16), False))
        self._receive()

    def _send(self, data: bytes) -> None:
        self._socket.sendall(struct.pack(">i", len(data)) + data)

    def _receive(self) -> bytes:
        [length] = struct.unpack(">i", self._exactly(4))
        return self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self._socket.recv(count - len(data))
            if not part:
                raise ZooKeeperError("ZooKeeper has hung up")
            data += part
        return data

    def ask(self, kind: int, body: bytes = b"") -> bytes | None:
        """What is answered; None where there is no such node."""
        self._count += 1
        self._send(struct.pack(">ii", self._count, kind) + body)
        reply = self._receive()
        number, _, error = struct.unpack_from(">iqi", reply)
        if error == _NO_NODE:
            return None
        if error != _DONE or number != self._count:
            raise ZooKeeperError(f"ZooKeeper answers request {self._count} as {number} with error {error}")
        return reply[16:]


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">i", len(data)) + data


def remove_below(connected: socket.socket, folders: Iterable[str]) -> list[str]:
    """Remove the nodes that are in these, and have none of their own; which. Raises ZooKeeperError, OSError."""
    session = _Session(connected)
    removed: list[str] = []
    for folder in folders:
        for name in _names(session.ask(_CHILDREN, _text(folder) + b"\0")):
            path = f"{folder}/{name}"
            if session.ask(_DELETE, _text(path) + struct.pack(">i", _ANY_VERSION)) is not None:
                removed.append(path)
    session.ask(_CLOSE)
    return removed


def _names(data: bytes | None) -> list[str]:
    if data is None:
        return []
    [count] = struct.unpack_from(">i", data)
    names: list[str] = []
    place = 4
    for _ in range(count):
        [length] = struct.unpack_from(">i", data, place)
        names.append(data[place + 4 : place + 4 + length].decode())
        place += 4 + length
    return names

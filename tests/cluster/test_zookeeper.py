"""The few words of ZooKeeper's protocol, with a server that has a tree in memory and speaks from its specification."""

import socket
import struct
import threading

import pytest

from sferic.cluster.zookeeper import ZooKeeperError, remove_below


class Server:
    """Answers one connection. `tree`: paths."""

    def __init__(self, tree, error=0):
        self.tree, self.error, self.closed = set(tree), error, False
        self.mine, theirs = socket.socketpair()
        self.thread = threading.Thread(target=self._serve, args=(theirs,))
        self.thread.start()

    def _serve(self, connected):
        with connected, connected.makefile("rwb") as wire:

            def read():
                length = wire.read(4)
                return wire.read(*struct.unpack(">i", length)) if length else b""

            def write(data):
                wire.write(struct.pack(">i", len(data)) + data)
                wire.flush()

            version, _, _, session, length = struct.unpack_from(">iqiqi", read())
            assert (version, session, length) == (0, 0, 16)
            write(struct.pack(">iiqi16s?", 0, 10_000, 77, 16, bytes(16), False))
            while not self.closed and (request := read()):
                number, kind = struct.unpack_from(">ii", request)
                path = request[12 : 12 + struct.unpack_from(">i", request, 8)[0]].decode() if kind > 0 else ""
                error, body = self._answer(kind, path)
                write(struct.pack(">iqi", number, 5, self.error or error) + body)

    def _answer(self, kind, path):
        if kind == -11:
            self.closed = True
            return 0, b""
        if path not in self.tree:
            return -101, b""
        names = [one.rpartition("/")[2] for one in self.tree if one.rpartition("/")[0] == path]
        if kind == 8:
            texts = b"".join(struct.pack(">i", len(name.encode())) + name.encode() for name in names)
            return 0, struct.pack(">i", len(names)) + texts
        assert kind == 2
        self.tree.discard(path)
        return 0, b""


def test_what_is_in_the_folders_goes_and_nothing_else():
    server = Server({"/a", "/a/one", "/a/zwei ü", "/b", "/b/three", "/c", "/c/four"})
    with server.mine:
        removed = remove_below(server.mine, ["/a", "/nowhere", "/c"])
    server.thread.join()
    assert sorted(removed) == ["/a/one", "/a/zwei ü", "/c/four"]
    assert server.tree == {"/a", "/b", "/b/three", "/c"}
    assert server.closed


def test_an_error_is_said():
    server = Server({"/a"}, error=-4)
    with server.mine, pytest.raises(ZooKeeperError, match="answers request 1 as 1 with error -4"):
        remove_below(server.mine, ["/a"])
    server.thread.join()


def test_one_that_hangs_up():
    mine, theirs = socket.socketpair()
    theirs.shutdown(socket.SHUT_WR)
    with mine, theirs, pytest.raises(ZooKeeperError, match="hung up"):
        remove_below(mine, ["/a"])

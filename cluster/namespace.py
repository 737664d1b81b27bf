"""A network of its own for the development cluster: loopback and nothing else. Linux, as root."""

import ctypes
import fcntl
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

from sferic.cluster.errors import OperationError

_Result = TypeVar("_Result")
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_GET_FLAGS, _SET_FLAGS = 0x8913, 0x8914  # SIOCGIFFLAGS, SIOCSIFFLAGS
_UP = 1  # IFF_UP


class NamespaceRefused(OperationError):  # noqa: N818 - names the situation
    """The system does not give or open the namespace; the text says what to do."""


def in_new_network(work: Callable[[], _Result]) -> _Result:
    """Run `work` where only loopback is; processes that it starts stay there."""

    def run() -> _Result:
        _call("unshare", _NEW_NETWORK)
        _loopback_up()
        return work()

    return _on_a_thread(run)


def in_network_of(pid: int, work: Callable[[], _Result]) -> _Result:
    """Run `work` in the network of a process; sockets that it makes stay there."""

    def run() -> _Result:
        try:
            fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        except OSError as error:
            raise NamespaceRefused(f"the closed cluster's network cannot be entered: {error}. Be root") from error
        try:
            _call("setns", fd, _NEW_NETWORK)
        finally:
            os.close(fd)
        return work()

    return _on_a_thread(run)


def _call(name: str, *arguments: int) -> None:
    if sys.platform != "linux":
        raise NamespaceRefused("a closed cluster needs the network namespaces of Linux; leave out --closed")
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments):
        why = os.strerror(ctypes.get_errno())
        raise NamespaceRefused(
            f"a closed cluster needs a network namespace ({name}: {why}). Be root, or leave out --closed"
        )


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack_from("16sH", fcntl.ioctl(any_socket, _GET_FLAGS, asked))[1]
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", flags | _UP))


def _on_a_thread(work: Callable[[], _Result]) -> _Result:
    """A namespace belongs to a thread: this one is gone afterwards, and the caller's stays as it was."""
    done: list[_Result] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised again, on the caller's thread
            failed.append(error)

    thread = threading.Thread(target=run, name="sferic-namespace")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]

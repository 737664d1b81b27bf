"""Bytes from one process through a second to a third, over two pipes: nothing is decoded. Prints bytes a second.

Arguments: how many blocks of 1 MiB.
"""

import fcntl
import os
import sys
import time

BLOCK = 1 << 20


def pipe():
    """As large as it may be without privileges."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, BLOCK)
    return reading, writing


def child(work):
    """Runs `work` in a process of its own."""
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    return pid


def write_all(fd, data):
    """However often the pipe is full."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def main():
    """Sender and relay are children, the receiver is this process."""
    count = int(sys.argv[1])
    first, second = pipe(), pipe()
    block = bytearray(os.urandom(BLOCK))

    def send():
        for _ in range(count):
            write_all(first[1], block)

    def relay():
        os.close(first[1])
        buffer = memoryview(bytearray(BLOCK))
        while size := os.readv(first[0], [buffer]):
            write_all(second[1], buffer[:size])

    began = time.perf_counter()
    pids = [child(send), child(relay)]
    for fd in (*first, second[1]):
        os.close(fd)
    buffer, taken = memoryview(bytearray(BLOCK)), 0
    while size := os.readv(second[0], [buffer]):
        taken += size
    seconds = time.perf_counter() - began
    for pid in pids:
        os.waitpid(pid, 0)
    if taken != count * BLOCK:
        raise SystemExit(f"{taken} bytes came")
    print(taken / seconds)


if __name__ == "__main__":
    main()

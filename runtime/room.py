"""For processes through which big batches go: wide pipes, and memory that is kept."""

import fcntl

BIG = 1 << 18  # bytes of a frame from which on it is worth it
_PIPE = 1 << 20  # what Linux lets anybody ask for
_KEPT = 64 << 20
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc


def make_room(*pipes: int) -> None:
    """Widen the pipes, and let malloc keep what big batches pass through.

    A pipe of 64 KiB costs 16 turns of sender and receiver a MiB. Memory given back to the system is cleared page by
    page when it is taken again: for a MiB that is more work than to copy it ten times. Where either is not to be had
    (another system, the user's limit of pipe pages) all works as before, slower.
    """
    for fd in pipes:
        _widen(fd)
    import ctypes  # noqa: PLC0415 - 1 MB that only these processes pay

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return  # not glibc
    mallopt(_M_TRIM_THRESHOLD, _KEPT)
    mallopt(_M_MMAP_THRESHOLD, _KEPT)


def _widen(fd: int) -> None:
    ask = getattr(fcntl, "F_SETPIPE_SZ", None)
    if ask is not None:
        try:
            fcntl.fcntl(fd, ask, _PIPE)
        except PermissionError:
            return  # this user has as many pages in pipes as one may have

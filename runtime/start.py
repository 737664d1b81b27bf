"""Starts the worker of a topology, once it is certain that it can run here. Any Python from 3.6 on can read this file.

It is run by its path, so that nothing of ours is imported before it has looked:

``python start.py [PYTHON PLATFORM]`` what is packed is for this minor version on this platform
``python start.py --check [--packed PYTHON PLATFORM] [MODULE…]`` says on stdout what is wrong, for `submit`
"""

import sys

if __name__ == "__main__" and sys.path and sys.path[0].endswith("runtime"):
    del sys.path[0]  # this file's folder: its modules have short names

import importlib.util
import json
import os
import struct

OLDEST = (3, 11)
_EVENT = 0x85  # docs/frames.md; our modules that know it may be too new for this Python
_NAME = "--python PATH names another"


def main() -> None:
    """Run the worker; where it cannot run, tell its supervisor why, and that no other is to be started."""
    wrong = trouble(sys.argv[1:3])
    if wrong:
        body = json.dumps({"event": "error", "kind": "input", "text": wrong}).encode()
        os.write(1, struct.pack("<IBBH", len(body), _EVENT, 0, 0) + body)
        return
    from sferic.runtime.worker import main as work  # noqa: PLC0415 - only now it is known that it can be read

    work()


def check() -> None:
    """What is wrong goes to stdout."""
    modules = sys.argv[2:]
    packed = modules[1:3] if modules[:1] == ["--packed"] else []
    print(trouble(packed, modules[3:] if packed else modules, own=not packed), end="")  # noqa: T201 - its caller reads it


def trouble(packed: "list[str]", modules: "list[str] | tuple[str, ...]" = (), own: bool = True) -> str:
    """Why the worker cannot run with this interpreter, and what to do; empty where it can.

    `packed`: the minor version and the platform that packed packages are for, if any travel with the workflow;
    `modules`: what else must be there; `own`: look for what the runtime needs, too.
    """
    here, machine = f"{sys.version_info[0]}.{sys.version_info[1]}", os.uname().machine
    at = f"the workers' interpreter, {sys.executable or 'python'} on {os.uname().nodename},"
    if sys.version_info[:2] < OLDEST:
        return f"{at} is Python {here}; workers need 3.11 or newer. {_NAME}"
    if packed and packed[0] != here:
        return (
            f"{at} is Python {here}, but the packages were packed for {packed[0]}. {_NAME}; or pack for it: "
            f"--python-version {here}"
        )
    if packed and not packed[1].endswith("_" + machine):
        return (
            f"{at} is on {machine}, but the packages were packed for {packed[1]}. Pack for it: "
            f"--platform {sys.platform}_{machine}"
        )
    return _lacking(at, modules, own)


def _lacking(at: str, modules: "list[str] | tuple[str, ...]", own: bool) -> str:
    lacking = [name for name in modules if not _found(name)]
    try:
        if own:
            importlib.import_module("ormsgpack")
    except ModuleNotFoundError:
        lacking.insert(0, "ormsgpack, which the runtime needs")
    except ImportError as error:
        return f"{at} cannot load ormsgpack, which the runtime needs: {error}. {_NAME}"
    if not lacking:
        return ""
    what = " and ".join(lacking)
    return f"{at} lacks {what}. Let it travel with the workflow (--pack), or install it there; {_NAME}"


def _found(module: str) -> bool:
    return importlib.util.find_spec(module.partition(".")[0]) is not None


if __name__ == "__main__":
    check() if sys.argv[1:2] == ["--check"] else main()

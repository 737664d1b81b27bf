"""The process around a host: frames on a pair of pipes, as docs/frames.md says. Storm's shim and the multiprocess
runner start it the same way."""

import base64
import hashlib
import json
import mmap
import os
import platform
import sys
from pathlib import Path
from typing import Any, BinaryIO

from sferic.runtime import frames
from sferic.runtime.chatter import Chatter
from sferic.runtime.codec import codec_for
from sferic.runtime.compat.finder import answer, read_enough, refuse_runs
from sferic.runtime.definition import Definition, digest, expand
from sferic.runtime.host import Host
from sferic.runtime.host.failures import RunStopped, error_event
from sferic.runtime.host.step import PAGE_HAS_STATE, allow_calls
from sferic.runtime.loading import LoadingError
from sferic.runtime.plan import Plan, Stage, plan_from_json
from sferic.runtime.process import at_work, become_child, capture_output
from sferic.runtime.resolved import rebuilt
from sferic.runtime.serve import serve_inputs
from sferic.runtime.serve_source import SourceServer
from sferic.runtime.threads import share_cores
from sferic.runtime.wire import Wire


class Orders:
    """START, as this process reads it."""

    def __init__(self, body: bytes) -> None:
        given: dict[str, Any] = json.loads(body)
        if given["protocol"] != frames.PROTOCOL:
            raise frames.FrameError(f"protocol {given['protocol']}, this runtime speaks {frames.PROTOCOL}")
        self.plan_path = Path(given["plan"])
        self.root = Path(given["root"])
        self.stage: str = given["stage"]
        self.rank: int = given["rank"]
        self.attempt: int = given["attempt"]
        self.page: str = given["page"]
        self.window: int = given["window"]
        self.token: bytes = base64.b64decode(given.get("token", ""))
        self.resumed: bool = given.get("resumed", False)
        self.group: int = given.get("group", 0)
        self.replaces: bool = given.get("lost", False)
        self.unacked: list[int] = given.get("unacked", [])
        self.poison: list[tuple[int, int, int]] = [tuple(mark) for mark in given.get("poison", ())]
        self.keeps: bool = given.get("keeps", False)
        self.restores: bool = given.get("restores", False)
        self.key: bytes = base64.b64decode(given.get("key", ""))


def main() -> None:
    """Entry of a child process: fds 0 and 1 are the protocol."""
    incoming, outgoing = become_child()
    work(incoming, outgoing, definition=None)


def work(incoming: BinaryIO, outgoing: BinaryIO, definition: Definition | None) -> None:
    """Run one host to its end. `definition` is given where this process was forked from one that has it."""
    wire = Wire(incoming, outgoing)
    kind, _, body = wire.read()
    if kind != frames.START:
        raise frames.FrameError(f"the first frame is of type {kind:#x}, not START")
    orders = Orders(body)
    page = _map_page(orders.page)
    wire.page = page
    wire.attempt, wire.sender = orders.attempt, orders.rank
    try:
        plan = plan_from_json(orders.plan_path.read_text(encoding="utf-8"))
        stage = plan.stage(orders.stage)
        allow_calls(len(stage.pes))
        chatter = Chatter(wire.tell, page, [pe.path for pe in stage.pes])
        capture_output(chatter.tell, lambda: at_work(stage, orders.rank, page))
        chatter.look()
        share_cores(sum(each.instances for each in plan.stages))
        if not orders.key and any(link.codec == "trusted" for link in plan.links):
            raise LoadingError(
                "the topology's credentials lack the key of its trusted codec: somebody has given it others since it "
                "was submitted. Submit it again"
            )
        if definition is None:
            definition = definition_of_plan(plan, orders.root)
        wire.codecs = {link.id: codec_for(link.codec, key=orders.key) for link in plan.links}
        try:
            _serve(plan, stage, orders, definition, wire, chatter)
        finally:
            chatter.flush()
    except LoadingError as error:
        wire.tell(error_event(str(error), "input"))
    except RunStopped:
        pass  # told already
    wire.close()


def definition_of_plan(plan: Plan, root: Path) -> Definition:
    """Build the definition that was compiled, from the files in `root`. Raises LoadingError."""
    _refuse_other_code(plan, root)
    answers = answer(read_enough)
    definition = expand(rebuilt(plan.definition, root))
    answers.run = refuse_runs
    found = digest(definition)
    if found != plan.definition.digest:
        raise LoadingError(
            f"{plan.definition.target}: the definition built on this machine is not the one that was compiled "
            f"(hash {found[:12]}, compiled {plan.definition.digest[:12]}). Compile again, and make sure that "
            "building it depends on nothing but its parameters."
        )
    return definition


def _refuse_other_code(plan: Plan, root: Path) -> None:
    """Every process of a run has the same code, those that replace others months later, too."""
    for name, compiled in plan.definition.files:
        if name.endswith(".py"):
            path = root / name
            if not path.exists():
                raise LoadingError(f"{path} is not there: it is one of the files that the workflow was compiled from.")
            if hashlib.sha256(path.read_bytes()).hexdigest() != compiled:
                raise LoadingError(
                    f"{path} has changed since the workflow was compiled, and this process would run other code than "
                    "those before it. Compile it, or start the run, again."
                )


def _serve(plan: Plan, stage: Stage, orders: Orders, definition: Definition, wire: Wire, chatter: Chatter) -> None:
    host = Host(plan, stage, orders.rank, definition, outlet=wire, tell=chatter.tell, page=wire.page)
    wire.refused = host.refused
    host.set_poison(orders.poison)
    # A source's preprocess runs on the source's own thread, which is there before.
    server = _source_server(host, wire, orders, chatter) if stage.source else None
    host.open(keeps=orders.keeps)
    if orders.restores:
        kind, _, body = wire.read()
        if kind != frames.RESTORE:
            raise frames.FrameError(f"a frame of type {kind:#x} came where RESTORE was announced")
        host.restore(body)
        wire.page[PAGE_HAS_STATE] = int(host.has_state())
    ready = {
        "protocol": frames.PROTOCOL,
        "pid": os.getpid(),
        "python": platform.python_version(),
        "definition": plan.definition.digest,
        "every": bool(host.timers),
    }
    wire.write(frames.READY, json.dumps(ready).encode())
    if server is not None:
        server.serve(orders.token, resumed=orders.resumed)
    else:
        serve_inputs(host, wire, chatter.look)


def _source_server(host: Host, wire: Wire, orders: Orders, chatter: Chatter) -> SourceServer:
    return SourceServer(
        host,
        wire,
        window=orders.window,
        group=orders.group,
        unacked=orders.unacked,
        replaces=orders.replaces,
        keeps=orders.keeps,
        look=chatter.look,
    )


def _map_page(path: str) -> memoryview:
    fd = os.open(path, os.O_RDWR)
    try:
        mapped = mmap.mmap(fd, 4096)
    finally:
        os.close(fd)
    return memoryview(mapped).cast("Q")


if __name__ == "__main__":
    sys.exit(main())

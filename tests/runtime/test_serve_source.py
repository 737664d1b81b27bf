"""A group of a source never claims a position beyond its items."""

import threading

from sferic.runtime import frames
from sferic.runtime.plan import DefinitionRef, Plan, Stage
from sferic.runtime.serve_source import _SourceServer


class Host:
    """A host whose source goes on, on its own thread, just after what it had written was taken."""

    def __init__(self):
        stage = Stage("source", ())
        self.stage, self.plan, self.page, self.timers = stage, Plan("p", DefinitionRef(""), (stage,), ()), [0] * 5, None
        self.after_flush = lambda: None

    def flush(self):
        self.after_flush()


class Wire:
    gathered = True

    def __init__(self):
        self.lock = threading.RLock()
        self.written = []

    def take_emits(self):
        return [frames.Emit(0, 0, b"items")]

    def write(self, kind, body):
        self.written.append((kind, body))


def test_an_item_written_after_the_flush_is_not_in_the_token():
    host, wire = Host(), Wire()
    server = _SourceServer(host, wire, 10, 0)
    server._moved("before")
    host.after_flush = lambda: server._moved("after")
    server._close_group()
    ((kind, body),) = wire.written
    assert kind == frames.EMIT
    assert body == frames.pack_group(1, b'"before"', [frames.Emit(0, 0, b"items")])
    assert server._open[0] == (1, "before")

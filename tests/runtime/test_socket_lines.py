"""Lines from a socket: a server on loopback sends what a test says."""

import socket
import threading
import time

import pytest

import sferic
from sferic.compiler.pipeline import Options, compile_plan
from sferic.launch import TARGETS, launch, pickled, with_reference
from sferic.runtime.host import turns
from sferic.runtime.observe import Outcome
from sferic.sources import SocketLines


class Same(sferic.IterativePE):
    def _process(self, data):
        return data

    def _postprocess(self):
        self.write("output", "end")


def workflow(source):
    graph = sferic.WorkflowGraph()
    same = Same()
    graph.connect(source, "output", same, "input")
    return graph, same


class Server:
    """Serves one connection after the other, each with what its function sends."""

    def __init__(self, *connections):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, args=(connections,), daemon=True).start()

    def _serve(self, connections):
        for send in connections:
            connection, _ = self.socket.accept()
            with connection:
                send(connection)
        self.socket.close()


def sends(*parts):
    def send(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            connection.sendall(part)
            time.sleep(0.01)  # so that parts come apart; the result is the same where they do not

    return send


@pytest.mark.parametrize("on", ["local", "multi"])
def test_lines_until_the_server_closes(on):
    server = Server(sends(b"one\r\ntw", b"\xc3", b"\xb6\n\nthree\n", b"no end"))
    graph, same = workflow(SocketLines("127.0.0.1", server.port))
    assert sferic.run(graph, on=on)[same]["output"] == ["one", "twö", "", "three", "no end", "end"]


def test_many_lines_cut_anywhere():
    lines = [f"line {number}" for number in range(20_000)]
    server = Server(lambda connection: connection.sendall("\n".join(lines).encode()))
    graph, same = workflow(SocketLines("127.0.0.1", server.port))
    assert sferic.run(graph)[same]["output"] == [*lines, "end"]


class Watcher(Outcome):
    asked = False

    @property
    def requested(self):
        return self.asked

    def result(self, pe, port, values):
        super().result(pe, port, values)
        if "last" in values:
            self.asked = True


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
def test_a_stop_closes_the_connection(on, tmp_path, monkeypatch):
    monkeypatch.setattr(turns, "_GRACE", 3600.0)  # it sees the stop by itself: nobody gives it up
    gone = threading.Event()

    def send_and_wait(connection):
        connection.sendall(b"first\nlast\n")
        if connection.recv(1) == b"":
            gone.set()

    server = Server(send_and_wait)
    graph, _ = workflow(SocketLines("127.0.0.1", server.port))
    compiled, watcher = compile_plan(graph, Options(target=TARGETS[on])), Watcher()
    launch(with_reference(compiled, pickled(graph, tmp_path)), on, watcher, watcher, tmp_path)
    assert watcher.results == {("Same", "output"): ["first", "last", "end"]}
    assert gone.wait(10)


def test_it_connects_again_if_told_to(tmp_path):
    server = Server(sends(b"first\n"), sends(b"second\n"), sends(b"last\n"))
    graph, _ = workflow(SocketLines("127.0.0.1", server.port, reconnect=0.01))
    compiled, watcher = compile_plan(graph, Options()), Watcher()
    launch(compiled, "local", watcher, watcher, tmp_path)
    assert watcher.results == {("Same", "output"): ["first", "second", "last", "end"]}


class Opens(Watcher):
    """Begins to listen when the source has said that nobody does."""

    def __init__(self, closed):
        super().__init__()
        self.closed = closed
        self.logged = []

    def event(self, event):
        super().event(event)
        if event["event"] == "log":
            self.logged.append(event["text"])
            if len(self.logged) == 1:
                self.closed.listen()
                threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        connection, _ = self.closed.accept()
        with connection:
            connection.sendall(b"last\n")


def test_it_waits_for_a_server_if_told_to(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        watcher = Opens(closed)
        graph, _ = workflow(SocketLines("127.0.0.1", closed.getsockname()[1], reconnect=0.01))
        launch(compile_plan(graph, Options()), "local", watcher, watcher, tmp_path)
    assert watcher.results == {("Same", "output"): ["last", "end"]}
    assert "refused" in watcher.logged[0]
    assert "connecting again in 0.01 s" in watcher.logged[0]


def test_what_goes_wrong_names_the_server():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(sferic.WorkflowFailed, match=rf"127\.0\.0\.1:{port}: .*refused"):
        sferic.run(workflow(SocketLines("127.0.0.1", port))[0])
    server = Server(sends(b"good\nb\xff\n"))
    with pytest.raises(sferic.WorkflowFailed, match=rf"127\.0\.0\.1:{server.port}: byte 1 of a line is not utf-8"):
        sferic.run(workflow(SocketLines("127.0.0.1", server.port))[0])
    for sent in (b"x" * 101, b"x" * 101 + b"\n"):
        server = Server(sends(sent))
        with pytest.raises(sferic.WorkflowFailed, match="a line of more than 100 bytes"):
            sferic.run(workflow(SocketLines("127.0.0.1", server.port, longest=100))[0])


def test_wrong_settings():
    with pytest.raises(ValueError, match="utf-16"):
        SocketLines("localhost", 1, encoding="utf-16")
    with pytest.raises(ValueError, match="reconnect"):
        SocketLines("localhost", 1, reconnect=0)

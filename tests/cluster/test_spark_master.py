"""What a master's page says, and what is there in place of one."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sferic.cluster.spark_master import Master, MasterAway


@contextmanager
def serving(text):
    """A page that is this text; its port."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/json/" else 404)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    running = threading.Thread(target=server.serve_forever)
    running.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        running.join()
        server.server_close()


def application(name, state):
    return {"id": f"app-{name}", "name": name, "state": state, "cores": 2, "user": "me"}


def page(workers):
    return json.dumps(
        {
            "url": "spark://127.0.0.1:7077",
            "status": "ALIVE",
            "workers": workers,
            "cores": 8,
            "coresused": 2,
            "activeapps": [application("a", "RUNNING")],
            "completedapps": [application("b", "FINISHED")],
        }
    )


def worker(port, state="ALIVE"):
    return {"id": f"worker-{port}", "state": state, "webuiaddress": f"http://127.0.0.1:{port}"}


def test_what_it_says_and_how_many_executors_its_workers_have():
    executors = [{"id": 0, "appid": "app-a"}, {"id": 1, "appid": "app-a"}, {"id": 0, "appid": "app-c"}]
    with (
        serving(json.dumps({"executors": executors})) as one,
        serving(json.dumps({"executors": executors[1:]})) as other,
        serving(page([worker(one), worker(other), worker(1, "DEAD")])) as port,
    ):
        master = Master("127.0.0.1", port)
        look = master.look()
        assert (look.url, look.status, look.cores, look.cores_used) == ("spark://127.0.0.1:7077", "ALIVE", 8, 2)
        assert set(look.workers) == {f"worker-{one}", f"worker-{other}"}
        assert {name: app.state for name, app in look.applications.items()} == {
            "app-a": "RUNNING",
            "app-b": "FINISHED",
        }
        assert [master.executors(look, app) for app in ("app-a", "app-c", "app-b")] == [3, 2, 0]


def test_a_worker_that_does_not_answer_leaves_it_open():
    with serving("nothing") as wrong, serving(page([worker(wrong)])) as port:
        master = Master("127.0.0.1", port)
        assert master.executors(master.look(), "app-a") is None


@pytest.mark.parametrize("text", ["", "<html>", "[]", "{}", '{"url": "x"}', page([{"state": "ALIVE"}])])
def test_what_is_no_master(text):
    with serving(text) as port, pytest.raises(MasterAway, match=f"http://127.0.0.1:{port}/json/"):
        Master("127.0.0.1", port).look()
    with pytest.raises(MasterAway):
        Master("127.0.0.1", port).look()

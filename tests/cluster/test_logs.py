"""Entries of workers' logs: as two layouts write them, by PE, rank and level, followed, and from a logviewer."""

import http.server
import json
import threading
import urllib.parse
from types import SimpleNamespace

import pytest

from sferic.cluster.logs import Follower, Wanted, folder_of, from_files, from_logviewer, last, read_entry
from sferic.cluster.nimbus import Address, NimbusError
from sferic.cluster.topologies import Found

OURS = """2026-01-02 03:04:05.001 INFO o.a.s.e.b.BoltExecutor [Thread-13-__system-executor[-1, -1]] Preparing bolt P[0]
2026-01-02 03:04:05.002 INFO s.p.P [sferic-P-0-out] P[0] printed
2026-01-02 03:04:05.003 ERROR s.p.i.P [sferic-c-1-out] inner/P[1] failed on 7: ValueError: no (dead-letter)
    Traceback (most recent call last):
    2026-01-02 03:04:05.000 INFO s.p.P [forged] P[0] forged
    ValueError: no
2026-01-02 03:04:05.004 DEBUG s.p.P [sferic-P-1-out] P[1] a [detail] of [0] things
"""
STORMS = """2026-01-02 03:04:05.001 o.a.s.e.b.BoltExecutor Thread-13-__system-executor[-1, -1] [INFO] Preparing bolt P[0]
2026-01-02 03:04:05.002 s.p.P sferic-P-0-out [INFO] P[0] printed
2026-01-02 03:04:05.003 s.p.i.P sferic-c-1-out [ERROR] inner/P[1] failed on 7: ValueError: no (dead-letter)
    Traceback (most recent call last):
    2026-01-02 03:04:05.000 INFO s.p.P [forged] P[0] forged
    ValueError: no
2026-01-02 03:04:05.004 s.p.P sferic-P-1-out [DEBUG] P[1] a [detail] of [0] things
"""
FOUND = Found("t", "t-1-2", "active", ())


def shown(text, **wanted):
    return [(entry.level, entry.pe, entry.rank) for entry in last(text.splitlines(), Wanted(**wanted), 100)]


ALL = [("INFO", None, None), ("INFO", "P", 0), ("ERROR", "inner/P", 1), ("DEBUG", "P", 1)]


@pytest.mark.parametrize("text", [OURS, STORMS])
def test_entries_by_pe_rank_and_level(text):
    assert shown(text) == ALL
    assert shown(text, pe="P") == [ALL[1], ALL[3]]
    assert shown(text, pe="inner") == shown(text, pe="inner/P") == [ALL[2]]
    assert shown(text, rank=1) == ALL[2:]
    assert shown(text, level="INFO") == ALL[:3]
    assert shown(text, pe="P", level="ERROR") == []
    [entry] = last(text.splitlines(), Wanted(level="ERROR"), 100)
    assert entry.text.splitlines()[1] == "Traceback (most recent call last):" and len(entry.lines) == 4
    assert [entry.time for entry in last(text.splitlines(), Wanted(), 2)][0].endswith("05.003")


def test_a_layout_that_nobody_knows_is_shown_as_it_is():
    lines = ["no entry yet", "2026-01-02 03:04:05.002 whatever P[0] printed", "further"]
    entries = last(lines, Wanted(level="ERROR"), 100)
    assert [str(entry) for entry in entries] == ["no entry yet", "\n".join(lines[1:])]
    assert read_entry("2026 and more") is None
    assert shown("\n".join(lines), pe="P") == []


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "workers-artifacts" / FOUND.id
    (folder / "6700").mkdir(parents=True)
    (folder / "6700" / "worker.log").write_text(OURS)
    return folder


def test_files_of_this_machine(folder, tmp_path):
    [(port, lines)] = [(port, list(lines)) for port, lines in from_files(folder_of(FOUND, tmp_path))]
    assert (port, lines) == ("6700", OURS.splitlines())
    with pytest.raises(NimbusError, match=r"workers-artifacts/t-1-3/PORT/worker\.log"):
        folder_of(Found("t", "t-1-3", "active", ()), tmp_path)


def test_a_file_is_followed_through_its_end_and_its_renaming(folder):
    log, wanted = folder / "6700" / "worker.log", Wanted(pe="P")
    follower = Follower(folder)

    def more():
        return [(port, entry.text) for port, entry in follower.more(wanted)]

    assert [entry.text for _, entry in follower.begin(wanted, 1)] == ["a [detail] of [0] things"]
    assert more() == []
    begin = "2026-01-02 03:04:06.000 INFO s.p.P [t] P[0] "
    with log.open("a") as file:
        file.write(f"{begin}one\n    more\n{begin}tw")
    assert more() == [], "the last entry is not whole, and the one before may go on"
    with log.open("a") as file:
        file.write("o\n")
    assert more() == [("6700", "one\nmore"), ("6700", "two")]
    with log.open("a") as file:
        file.write(f"{begin}last\n")
    log.rename(log.with_suffix(".log.1"))
    further = f"2026-01-02 03:04:06.000 INFO o.a.s.X [t] {'x' * 5000}\n"  # it is longer than the other was
    log.write_text(f"{begin}first\n{further}")
    (folder / "6701").mkdir()
    (folder / "6701" / "worker.log").write_text(f"{begin}another\n")
    assert more() == [("6700", "last"), ("6700", "first"), ("6701", "another")]
    assert more() == []


class Logviewer(http.server.BaseHTTPRequestHandler):
    """Stands in for Storm's, whose package cannot be had: /api/v1/download?file=TOPOLOGY/PORT/worker.log gives a file."""

    def do_GET(self):
        place = urllib.parse.urlsplit(self.path)
        file = urllib.parse.parse_qs(place.query)["file"][0]
        known = place.path == "/api/v1/download" and file == "t-1-2/6700/worker.log"
        self.send_response(200 if known else 404)
        self.end_headers()
        if known:
            self.wfile.write(OURS.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def logviewer():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Logviewer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


class Nimbus:
    """Knows a topology's workers, and where logviewers listen."""

    address = Address("localhost", 6627)

    def __init__(self, logviewer, *ports):
        self.logviewer, self.ports = logviewer, ports

    def call(self, name, *_):
        if name == "getNimbusConf":
            return json.dumps({"logviewer.port": self.logviewer})
        assert name == "getTopologyInfo"
        return SimpleNamespace(executors=[SimpleNamespace(host="127.0.0.1", port=port) for port in self.ports])


def test_logs_from_the_logviewers_of_the_workers_machines(logviewer):
    for nimbus, given in ((Nimbus(logviewer, 6700, 6700), None), (Nimbus(1, 6700), ("127.0.0.1", logviewer))):
        [(worker, lines)] = [(place, list(lines)) for place, lines in from_logviewer(nimbus, FOUND, given)]
        assert (worker, lines) == ("127.0.0.1:6700", OURS.splitlines())


def test_a_logviewer_that_has_nothing_or_is_not_there(logviewer):
    def read(nimbus):
        return [list(lines) for _, lines in from_logviewer(nimbus, FOUND, None)]

    with pytest.raises(NimbusError, match=r"has no t-1-2/6701/worker\.log: it answers 404"):
        read(Nimbus(logviewer, 6701))
    with pytest.raises(NimbusError, match=r"no logviewer answers at http://127\.0\.0\.1:1/.*--logviewer HOST:PORT"):
        read(Nimbus(1, 6700))

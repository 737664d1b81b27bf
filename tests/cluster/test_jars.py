"""Jars come from a mirror of files here: no network."""

import hashlib
import io
import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sferic.cluster import jars, pin
from sferic.cluster.cache import CacheUnusable, cache_folder

CONTENTS = {f"org/example/part{n}/1.0/part{n}-1.0.jar": os.urandom(40_000 + n) for n in range(6)}


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A repository with every jar, and an empty cache."""
    root = tmp_path / "mirror"
    for path, data in CONTENTS.items():
        (root / path).parent.mkdir(parents=True)
        (root / path).write_bytes(data)
    monkeypatch.setenv("SFERIC_MAVEN", root.as_uri() + "/")
    monkeypatch.setenv("SFERIC_CACHE", str(tmp_path / "cache"))
    return root


PINS = [jars.Pin(path, hashlib.sha256(data).hexdigest(), len(data)) for path, data in CONTENTS.items()]


def count_downloads(monkeypatch):
    """The addresses asked for from now on."""
    asked = []
    real = urllib.request.urlopen

    def urlopen(url, **options):
        asked.append(url)
        return real(url, **options)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return asked


def whole(folder):
    return {path: (folder / path.rpartition("/")[2]).read_bytes() for path in CONTENTS} == CONTENTS


def test_fetch_puts_every_jar_into_the_cache_in_order(mirror, tmp_path):
    found = jars.fetch(PINS)
    assert [path.read_bytes() for path in found] == list(CONTENTS.values())
    assert {path.parent for path in found} == {tmp_path / "cache" / "jars"}
    assert not list((tmp_path / "cache" / "jars").glob("*.part"))
    assert not list((tmp_path / "cache" / "jars").glob(".*.part"))


def test_what_is_there_is_neither_fetched_nor_hashed_again(mirror, monkeypatch):
    jars.fetch(PINS)
    jars.fetch(PINS)  # takes the hashes of the files as they are now
    asked = count_downloads(monkeypatch)
    monkeypatch.setattr(hashlib, "sha256", lambda *data: pytest.fail("hashed again"))
    jars.fetch(PINS)
    assert asked == []


@pytest.mark.parametrize("damage", ["truncated", "longer", "other bytes", "gone"])
def test_a_broken_file_in_the_cache_is_fetched_again(mirror, monkeypatch, damage):
    broken = jars.fetch(PINS)[2]
    jars.fetch(PINS)
    data = broken.read_bytes()
    time = broken.stat().st_mtime_ns
    if damage == "gone":
        broken.unlink()
    else:
        broken.write_bytes({"truncated": data[:-1], "longer": data + b"x", "other bytes": b"x" + data[1:]}[damage])
        # Another size is seen whatever the time says; other bytes of the same size are seen by their time.
        os.utime(broken, ns=(1, time + (damage == "other bytes")))
    asked = count_downloads(monkeypatch)
    jars.fetch(PINS)
    assert len(asked) == 1
    assert whole(broken.parent)


class Cut:
    """A response that ends early."""

    def __init__(self, response, most):
        self.response, self.left = response, most

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.response.close()

    def read1(self, count):
        data = self.response.read1(min(count, self.left))
        self.left -= len(data)
        return data


def test_a_download_cut_short_is_tried_again(mirror, monkeypatch, tmp_path):
    real, cut = urllib.request.urlopen, []

    def urlopen(url, **options):
        if url in cut:
            return real(url, **options)
        cut.append(url)
        return Cut(real(url, **options), 1000)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    jars.fetch(PINS)
    assert len(cut) == len(PINS)
    assert whole(tmp_path / "cache" / "jars")


def test_wrong_bytes_never_reach_the_cache(mirror, tmp_path):
    (mirror / PINS[0].path).write_bytes(b"y" * PINS[0].size)
    with pytest.raises(jars.JarsMissing, match="what arrived is not the pinned file"):
        jars.fetch(PINS)
    assert not (tmp_path / "cache" / "jars" / PINS[0].name).exists()


def test_more_than_was_pinned_is_not_read_to_its_end(mirror, monkeypatch):
    (mirror / PINS[0].path).write_bytes(bytes(50_000_000))
    seen = []
    monkeypatch.setattr(jars.urllib.request, "urlopen", _counting(urllib.request.urlopen, seen))
    with pytest.raises(jars.JarsMissing):
        jars.fetch(PINS[:1])
    assert sum(seen) < 3_000_000


def _counting(real, seen):
    class Counted(Cut):
        def read1(self, count):
            data = super().read1(count)
            seen.append(len(data))
            return data

    return lambda url, **options: Counted(real(url, **options), 1 << 40)


def test_without_a_network_the_error_says_what_from_where_and_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("SFERIC_CACHE", str(tmp_path / "cache"))
    nowhere = (tmp_path / "nowhere").as_uri()
    monkeypatch.setenv("SFERIC_MAVEN", nowhere)
    with pytest.raises(jars.JarsMissing) as caught:
        jars.fetch(PINS)
    text = str(caught.value)
    assert any(pin.path in text for pin in PINS)
    assert nowhere in text
    assert "SFERIC_MAVEN" in text
    assert str(tmp_path / "cache") in text


def test_an_address_that_is_none_is_an_error_of_ours(tmp_path, monkeypatch):
    monkeypatch.setenv("SFERIC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SFERIC_MAVEN", "mirror.example")
    with pytest.raises(jars.JarsMissing, match=r"mirror\.example"):
        jars.fetch(PINS)


def test_a_failure_ends_the_other_downloads(mirror, monkeypatch):
    """The first fails at once; the others hang until the pool has been told to shut down."""
    asked, told = [], threading.Event()

    class Pool(ThreadPoolExecutor):
        def shutdown(self, wait=True, *, cancel_futures=False):
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            told.set()
            super().shutdown(wait=wait)

    def urlopen(url, **options):
        asked.append(url)
        if url.endswith("/0.jar"):
            raise OSError("refused")
        told.wait()
        return io.BytesIO(b"0123456789")

    monkeypatch.setattr(jars, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(jars.JarsMissing, match="refused"):
        jars.fetch([jars.Pin(f"org/none/{n}.jar", "0" * 64, 10) for n in range(50)])
    tries = Counter(asked)
    assert tries.pop(next(url for url in tries if url.endswith("/0.jar"))) == 3
    assert 0 < len(tries) <= 4
    assert set(tries.values()) == {1}


def test_what_a_killed_process_left_is_swept(mirror, tmp_path):
    left = cache_folder("jars") / ".half-1.0.jar.part"
    left.write_bytes(b"half")
    jars.fetch(PINS)
    assert not left.exists()


FETCH = """
import json, sys
from sferic.cluster import jars
print("ready", flush=True)
sys.stdin.readline()
jars.fetch([jars.Pin(*entry) for entry in json.loads(sys.argv[1])])
"""


def test_two_processes_at_once_end_with_whole_files(mirror, tmp_path):
    pins = json.dumps([[pin.path, pin.sha256, pin.size] for pin in PINS])
    both = [
        subprocess.Popen(
            [sys.executable, "-c", FETCH, pins], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout.readline() == b"ready\n"
    for process in both:
        process.stdin.write(b"\n")
        process.stdin.flush()
    said = [process.communicate()[1].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("Fetching" in text for text in said) == 1, said
    assert whole(tmp_path / "cache" / "jars")


def test_off_a_terminal_progress_is_plain_lines_on_stderr(mirror, capsys):
    jars.fetch(PINS)
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 2
    assert "\x1b" not in said.err


def test_a_cache_that_cannot_be_made_says_what_to_do(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SFERIC_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(CacheUnusable, match="SFERIC_CACHE"):
        cache_folder("jars")


def test_the_list_is_whole_and_names_no_host():
    text = (Path(jars.__file__).parent / jars.PINS).read_text()
    assert "://" not in text
    names = [pin.name for pin in jars.pinned()]
    assert len(set(names)) == len(names)
    assert f"storm-server-{jars.STORM_VERSION}.jar" in names
    assert f"ecj-{jars.COMPILER_VERSION}.jar" in names
    assert all(len(pin.sha256) == 64 and pin.size > 0 for pin in jars.pinned())
    excluded = {name.partition(":")[2] for name in pin.EXCLUDED}
    assert not [name for name in names if name.rpartition("-")[0] in excluded]


def test_entries_of_the_list_are_sorted_and_hashed(mirror):
    found = pin.entries([mirror / path for path in reversed(CONTENTS)], mirror)
    assert [jars.Pin(**entry) for entry in found] == sorted(PINS, key=lambda pin: pin.path)

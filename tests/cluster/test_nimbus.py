"""The client of Nimbus, with what Thrift would give in memory."""

from types import SimpleNamespace

import pytest
from streamparse.thrift import storm_thrift
from thriftpy2.thrift import TApplicationException, TException

from sferic.cluster import nimbus
from sferic.cluster.nimbus import Address, Nimbus, NimbusError, NimbusFault, NoSuchTopology


class Client:
    """Answers each call with the next of `answers`; exceptions are raised."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.calls = []

    def __getattr__(self, name):
        def call(*arguments):
            self.calls.append((name, *arguments))
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def over(*answers):
    client = Client(*answers)
    return Nimbus(Address("there", 6627), client, storm_thrift), client


BEGUN = SimpleNamespace(session="s")
BROKEN = TApplicationException(TApplicationException.INTERNAL_ERROR, "Internal error processing beginBlobDownload")


def test_a_blob_that_is_being_written_is_asked_for_again(monkeypatch):
    monkeypatch.setattr(nimbus, "_AGAIN", 0)
    there, _ = over(BROKEN, BEGUN, b"ab", b"c", b"")
    assert there.read_blob("k") == b"abc"
    there, client = over(*[BROKEN] * 5)
    assert there.read_blob("k") is None
    assert len(client.calls) == 5


def test_no_blob():
    there, _ = over(storm_thrift.KeyNotFoundException(msg="k"))
    assert there.read_blob("k") is None


def test_a_blob_is_given_to_nobody_so_that_nimbus_makes_it_the_callers():
    there, client = over("s", None, None)
    assert there.write_blob("k", b"x")
    name, key, meta = client.calls[0]
    assert (name, key, meta.acl) == ("beginCreateBlob", "k", [])


def test_a_blob_is_put_where_another_made_it_or_removed_it_meanwhile():
    exists = storm_thrift.KeyAlreadyExistsException(msg="k")
    gone = storm_thrift.KeyNotFoundException(msg="k")
    there, client = over(exists, gone, exists, "s", None, None)
    there.put_blob("k", b"stop")
    assert client.calls[-3:] == [("beginUpdateBlob", "k"), ("uploadBlobChunk", "s", b"stop"), ("finishBlobUpload", "s")]


@pytest.mark.parametrize(
    ("raised", "kind", "text"),
    [
        (storm_thrift.NotAliveException(msg="x"), NoSuchTopology, "knows no such topology: x"),
        (storm_thrift.AuthorizationException(msg="x"), NimbusError, "storm jar NAME.jar sferic.Main NAME"),
        (storm_thrift.InvalidTopologyException(msg="x"), NimbusError, "refuses: x"),
        (BROKEN, NimbusFault, "failed at getLeader"),
        (ConnectionResetError("x"), NimbusError, "broke off at getLeader"),
        (TimeoutError("timed out"), NimbusError, "broke off at getLeader"),
        (TException("x"), NimbusError, "broke off at getLeader"),
    ],
)
def test_what_goes_wrong_is_said_with_the_place(raised, kind, text):
    there, _ = over(raised)
    with pytest.raises(kind) as caught:
        there.call("getLeader")
    assert str(caught.value).startswith("Nimbus at there:6627 ")
    assert text in str(caught.value)


def cluster(version, **kept):
    summary = SimpleNamespace(version=version)
    return SimpleNamespace(nimbuses=kept.get("nimbuses", [summary]), supervisors=[summary])


def test_another_version_is_refused_by_name():
    there, _ = over(cluster("2.8.4"), cluster("2.8.3", nimbuses=[]), cluster("1.2.3"))
    there.check_version()
    there.check_version()
    with pytest.raises(NimbusError, match=r"there:6627 is Storm 1.2.3; topologies of sferic need Storm 2.8.x"):
        there.check_version()


def test_an_upload_is_cut_into_calls_that_nimbus_takes():
    there, client = over("place", None, None, None)
    told = []
    assert there.upload(b"x" * (700 << 10), told.append) == "place"
    assert [len(call[2]) for call in client.calls if call[0] == "uploadChunk"] == told == [512 << 10, 188 << 10]

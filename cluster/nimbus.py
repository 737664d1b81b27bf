"""A client of Nimbus: Storm's own Thrift interface, in Python."""

import contextlib
import importlib
import socket
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from sferic.cluster.errors import OperationError
from sferic.cluster.namespace import in_network_of

SERVED = "2.8."
_ANSWER = 60.0  # seconds that Nimbus may take for a call
_CONNECT = 10.0
_TRIES, _AGAIN = 5, 0.1  # how often, and after how many seconds, a blob is asked for that is being written
_CHUNK = 512 << 10  # of an upload; Nimbus takes calls of 1 MiB


class NimbusError(OperationError):
    """Nimbus is not there, or refuses; the text says which Nimbus, why, and what to do."""


class NimbusFault(NimbusError):  # noqa: N818 - names the situation
    """Something broke inside Nimbus."""


class NimbusAway(NimbusError):  # noqa: N818 - names the situation
    """Nimbus does not answer, or the connection broke."""


class NoSuchTopology(NimbusError):  # noqa: N818 - names the situation
    """Nimbus knows no topology of this name."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a Nimbus listens. `network_of`: a process in whose network it is, where that is not this one's."""

    host: str
    port: int
    network_of: int | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Nimbus:
    """One connection. Its methods raise NimbusError."""

    def __init__(
        self,
        address: Address,
        client: Any,
        types: Any,
        again: Callable[[], tuple[Address, Any]] | None = None,
    ) -> None:
        self.address = address
        self.types = types
        self._client = client
        self._again = again

    def reconnect(self) -> None:
        """After NimbusAway: the next calls go over a new connection. Raises NimbusAway."""
        if self._again is not None:
            self.address, self._client = self._again()

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a function of Nimbus by its name in Storm's Thrift interface."""
        try:
            return getattr(self._client, name)(*arguments)
        except self.types.NotAliveException as error:
            raise NoSuchTopology(f"Nimbus at {self.address} knows no such topology: {error.msg}") from error
        except self.types.AuthorizationException as error:
            raise NimbusError(
                f"Nimbus at {self.address} does not allow it: {error.msg}. Instead, {_STORM_JAR}"
            ) from error
        except (self.types.KeyNotFoundException, self.types.KeyAlreadyExistsException):
            raise
        except (self.types.AlreadyAliveException, self.types.InvalidTopologyException) as error:
            raise NimbusError(f"Nimbus at {self.address} refuses: {error.msg}") from error
        except _thrift().TApplicationException as error:
            raise NimbusFault(f"Nimbus at {self.address} failed at {name}: {error}. Its log says more") from error
        except (OSError, EOFError, _thrift().TException) as error:
            raise NimbusAway(
                f"Nimbus at {self.address} broke off at {name} ({type(error).__name__}: {error}). If it wants "
                f"authentication: {_STORM_JAR}"
            ) from error

    def version(self) -> str:
        """Of Storm."""
        cluster = self.call("getClusterInfo")
        # A Nimbus that lost its ZooKeeper for a while is no longer in the first list.
        found = [summary.version for summary in (*(cluster.nimbuses or ()), *cluster.supervisors) if summary.version]
        return str(found[0]) if found else "of a version that it does not say"

    def topologies(self) -> list[Any]:
        """Summaries of those that it runs."""
        return list(self.call("getClusterInfo").topologies)

    def check_version(self) -> None:
        """Refuse a Storm that the shim was not made for."""
        version = self.version()
        if not version.startswith(SERVED):
            raise NimbusError(f"Nimbus at {self.address} is Storm {version}; topologies of sferic need Storm {SERVED}x")

    def upload(self, data: bytes, advance: Callable[[int], None] = lambda _: None) -> str:
        """Upload a jar; the place that a submission names."""
        location = str(self.call("beginFileUpload"))
        for start in range(0, len(data), _CHUNK):
            chunk = data[start : start + _CHUNK]
            self.call("uploadChunk", location, chunk)
            advance(len(chunk))
        self.call("finishFileUpload", location)
        return location

    def blobs(self) -> list[str]:
        """The keys of all blobs."""
        keys: list[str] = []
        part = self.call("listBlobs", "")
        while part.keys:
            keys += part.keys
            part = self.call("listBlobs", part.session)
        return keys

    def read_blob(self, key: str) -> bytes | None:
        """A blob's bytes; None where there is none, or none that is whole."""
        for _ in range(_TRIES):
            try:
                return self._download(str(self.call("beginBlobDownload", key).session))
            except self.types.KeyNotFoundException:
                return None
            except NimbusFault:  # as Nimbus says that it is being written
                time.sleep(_AGAIN)
        return None

    def _download(self, session: str) -> bytes:
        return b"".join(iter(lambda: self.call("downloadBlobChunk", session), b""))

    def write_blob(self, key: str, data: bytes) -> bool:
        """Make a blob; False where there is one already, which stays as it is.

        It names nobody who may read it: then Nimbus makes it the caller's alone, and everybody's where it knows nobody.
        """
        try:
            session = self.call("beginCreateBlob", key, self.types.SettableBlobMeta(acl=[]))
        except self.types.KeyAlreadyExistsException:
            return False
        for start in range(0, len(data), _CHUNK):
            self.call("uploadBlobChunk", session, data[start : start + _CHUNK])
        self.call("finishBlobUpload", session)
        return True

    def put_blob(self, key: str, data: bytes) -> None:
        """Make a blob, or give it other bytes: no more than one call of Nimbus takes."""
        while not self.write_blob(key, data):
            with contextlib.suppress(self.types.KeyNotFoundException):  # removed meanwhile: made anew
                session = self.call("beginUpdateBlob", key)
                self.call("uploadBlobChunk", session, data)
                self.call("finishBlobUpload", session)
                return

    def delete_blob(self, key: str) -> None:
        """Remove a blob; one that is gone already is no error."""
        with contextlib.suppress(self.types.KeyNotFoundException):
            self.call("deleteBlob", key)


_STORM_JAR = (
    "submit with Storm's own client, which authenticates: sferic compile, then storm jar NAME.jar sferic.Main NAME"
)


def _thrift() -> Any:
    return importlib.import_module("thriftpy2.thrift")


@contextlib.contextmanager
def connect(address: Address | Callable[[], Address], answer: float = _ANSWER) -> Generator[Nimbus]:
    """Connect for a while. `address`: one that may change is asked for again by `reconnect`. `answer`: seconds that a
    call may take."""
    try:
        types: Any = importlib.import_module("streamparse.thrift").storm_thrift
    except ImportError as error:
        raise NimbusError(
            "Nimbus is spoken to with packages that are not installed. pip install 'sferic[storm]'"
        ) from error
    wires: Any = importlib.import_module("thriftpy2.transport")
    protocols: Any = importlib.import_module("thriftpy2.protocol")
    with contextlib.ExitStack() as sockets:

        def client() -> tuple[Address, Any]:
            sockets.close()
            place = address if isinstance(address, Address) else address()
            connected = sockets.enter_context(_socket(place))
            connected.settimeout(answer)
            transport = wires.TFramedTransport(wires.TSocket(sock=connected))
            return place, _thrift().TClient(types.Nimbus, protocols.TBinaryProtocol(transport))

        def again() -> tuple[Address, Any]:
            try:
                return client()
            except OperationError as error:  # a cluster of which too little is left, or whose network has gone
                raise NimbusAway(str(error)) from error

        place, first = client()
        yield Nimbus(place, first, types, again)


def open_socket(address: Address) -> socket.socket:
    """To a server there, in its network. Raises OSError."""

    def connected() -> socket.socket:
        return socket.create_connection((address.host, address.port), timeout=_CONNECT)

    return connected() if address.network_of is None else in_network_of(address.network_of, connected)


def _socket(address: Address) -> socket.socket:
    try:
        return open_socket(address)
    except OSError as error:
        raise NimbusAway(
            f"no Nimbus answers at {address}: {error.strerror or error}. Give its place with --nimbus HOST:PORT, or "
            "start a cluster on this machine: sferic cluster up"
        ) from error

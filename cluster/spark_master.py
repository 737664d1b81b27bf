"""What a standalone Spark master says of itself: its page, as JSON."""

import http.client
import json
import socket
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sferic.cluster.errors import OperationError
from sferic.cluster.namespace import in_network_of

_Read = TypeVar("_Read")
PAGE = 8080  # where masters have it unless told otherwise
_ANSWER = 5.0  # seconds
_SHORT = 2.0  # the same, of a worker
_MOST_ASKED = 16  # workers


class MasterAway(OperationError):  # noqa: N818 - names the situation
    """Nothing answers there as a master does."""


@dataclass(frozen=True, slots=True)
class Application:
    """One that the master knows."""

    id: str
    name: str
    state: str  # WAITING, RUNNING, FINISHED, FAILED, KILLED
    cores: int


@dataclass(frozen=True, slots=True)
class Look:
    """The master, looked at once."""

    url: str
    status: str
    workers: Mapping[str, str]  # those that are alive: where each has its page
    cores: int
    cores_used: int
    applications: dict[str, Application]


@dataclass(frozen=True, slots=True)
class Master:
    """Where a master has its page; `network_of`: a process in the network that it is in, if not this one."""

    host: str
    port: int
    network_of: int | None = None

    def look(self) -> Look:
        """Raises MasterAway."""
        return self._get(_look, _ANSWER)

    def executors(self, look: Look, app: str) -> int | None:
        """How many of an application run, as the workers' own pages say; None where one does not answer, or there are
        many."""
        if len(look.workers) > _MOST_ASKED:
            return None
        count = 0
        for page in look.workers.values():
            place = urllib.parse.urlsplit(page)
            worker = Master(place.hostname or "", place.port or 80, self.network_of)
            try:
                count += worker._get(lambda said: sum(one["appid"] == app for one in said["executors"]), _SHORT)
            except MasterAway:
                return None
        return count

    def _get(self, read: Callable[[Any], _Read], within: float) -> _Read:
        """What `read` makes of the page."""
        connection = http.client.HTTPConnection(self.host, self.port)
        try:
            connection.sock = self._in_network(lambda: socket.create_connection((self.host, self.port), within))
            connection.request("GET", "/json/")
            return read(json.loads(connection.getresponse().read()))
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
            raise MasterAway(f"no page of Spark's is at http://{self.host}:{self.port}/json/ ({error})") from error
        finally:
            connection.close()

    def _in_network(self, connect: Callable[[], socket.socket]) -> socket.socket:
        return connect() if self.network_of is None else in_network_of(self.network_of, connect)


def _look(said: Any) -> Look:
    applications = [*said["activeapps"], *said["completedapps"]]
    return Look(
        said["url"],
        said["status"],
        {worker["id"]: worker["webuiaddress"] for worker in said["workers"] if worker["state"] == "ALIVE"},
        said["cores"],
        said["coresused"],
        {one["id"]: Application(one["id"], one["name"], one["state"], one["cores"]) for one in applications},
    )

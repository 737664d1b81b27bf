"""What a standalone Spark master says of itself: its page, as JSON."""

import http.client
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sferic.cluster.errors import OperationError
from sferic.cluster.namespace import in_network_of

PAGE = 8080  # where masters have it unless told otherwise
_ANSWER = 5.0  # seconds


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
    workers: frozenset[str]  # those that are alive
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
        said = self._get("/json/")
        applications = [*said["activeapps"], *said["completedapps"]]
        return Look(
            said["url"],
            said["status"],
            frozenset(worker["id"] for worker in said["workers"] if worker["state"] == "ALIVE"),
            said["cores"],
            said["coresused"],
            {one["id"]: Application(one["id"], one["name"], one["state"], one["cores"]) for one in applications},
        )

    def _get(self, path: str) -> Any:
        connection = http.client.HTTPConnection(self.host, self.port)
        try:
            connection.sock = self._in_network(lambda: socket.create_connection((self.host, self.port), _ANSWER))
            connection.request("GET", path)
            answer = connection.getresponse()
            return json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
            raise MasterAway(f"no Spark master answers at http://{self.host}:{self.port}{path} ({error})") from error
        finally:
            connection.close()

    def _in_network(self, connect: Callable[[], socket.socket]) -> socket.socket:
        return connect() if self.network_of is None else in_network_of(self.network_of, connect)

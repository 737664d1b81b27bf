"""What commands do with topologies that are on a cluster: they find their blobs below `sferic.ID.`."""

import difflib
import json
import re
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sferic.cluster.nimbus import Nimbus, NimbusAway, NimbusError, NoSuchTopology
from sferic.cluster.patience import Patience
from sferic.cluster.positions import drop_positions
from sferic.runtime.observe import Event

Tell = Callable[[str], None]

_ID = re.compile(r"(.+)-\d+-\d+")  # as Nimbus makes it: the name, a number, seconds
_LOOK = 0.5
KEPT = ("results", "letters")  # what a topology leaves for somebody to fetch


@dataclass(frozen=True, slots=True)
class Found:
    """A topology: one that Nimbus runs, or one that has gone and left something."""

    name: str
    id: str
    status: str  # Nimbus' word, "paused" for its inactive; "gone" where it has none
    blobs: tuple[str, ...]

    def parts(self, kind: str) -> list[str]:
        """Keys of the blobs of one kind, oldest first."""
        return sorted(key for key in self.blobs if key.startswith(f"sferic.{self.id}.{kind}"))

    @property
    def attempt(self) -> int:
        """2 where state was lost and the topology began again: what is of the first attempt does not count."""
        return 2 if self.parts("again") else 1

    @property
    def ends(self) -> int:
        """Instances of sources whose last item is processed by the whole topology."""
        return len(self.parts(f"end.{self.attempt}."))

    @property
    def results(self) -> list[str]:
        """Keys of the chunks of results, oldest first."""
        return self.parts(f"results.{self.attempt}.")

    @property
    def marks(self) -> dict[str, dict[str, int]]:
        """Of chunks that were there when some of them was handed out: the blobs that say so, and how many frames."""
        found: dict[str, dict[str, int]] = {}
        for mark in self.parts("taken."):
            count, _, chunk = mark.removeprefix(f"sferic.{self.id}.taken.").partition(".")
            found.setdefault(f"sferic.{self.id}.results.{chunk}", {})[mark] = int(count)
        return found

    def mark(self, chunk: str, count: int) -> str:
        """The key of a blob that says so."""
        return f"sferic.{self.id}.taken.{count}.{chunk.removeprefix(f'sferic.{self.id}.results.')}"


def resting(topology: str) -> str:
    """Key of the blob that says: it has taken the place of one that was paused, and Storm does not know yet that it is
    to be paused, too."""
    return f"sferic.{topology}.rests"


def find(nimbus: Nimbus, name: str) -> Found:
    """The topology of this name that runs, else the one that went last. Raises NoSuchTopology."""
    return find_all(nimbus, name)[-1]


def find_all(nimbus: Nimbus, name: str) -> list[Found]:
    """All topologies of this name that have left something, oldest first, and the one that runs. NoSuchTopology."""
    running = {str(summary.name): summary for summary in nimbus.call("getClusterInfo").topologies}
    keys = [key for key in nimbus.blobs() if key.startswith("sferic.")]
    ids = {key.split(".")[1] for key in keys}
    alive = str(running[name].id) if name in running else ""
    left = {one for one in ids if (found := _ID.fullmatch(one)) and found[1] == name} - {alive}
    chosen = [(one, "gone") for one in sorted(left, key=_time)]
    if alive:
        chosen.append((alive, word(running[name], keys)))
    if not chosen:
        known = ", ".join(sorted(running)) or "none"
        close = difflib.get_close_matches(name, [*running, *_names(ids)], 1)
        meant = f". Did you mean {close[0]}?" if close else ""
        raise NoSuchTopology(f"no topology {name} on {nimbus.address}. There: {known}{meant}")
    return [
        Found(name, one, status, tuple(key for key in keys if key.startswith(f"sferic.{one}.")))
        for one, status in chosen
    ]


def find_whole(nimbus: Nimbus, name: str) -> tuple[list[Found], "State"]:
    """As `find_all`, and how far the last of them is: where it has finished, all its results are in what was found."""
    found = find_all(nimbus, name)
    now = state(nimbus, found[-1])
    if now.finished:
        # Keys are listed one after the other: a chunk that was made before the end may be missing beside the end.
        found[-1] = again(nimbus, found[-1])
    return found, now


def again(nimbus: Nimbus, found: Found) -> Found:
    """The very same topology as it is now: another one of its name may run."""
    summaries = nimbus.call("getClusterInfo").topologies
    keys = tuple(key for key in nimbus.blobs() if key.startswith(f"sferic.{found.id}."))
    status = next((word(summary, keys) for summary in summaries if summary.id == found.id), "gone")
    return Found(found.name, found.id, status, keys)


def _names(ids: Iterable[str]) -> set[str]:
    return {found[1] for one in ids if (found := _ID.fullmatch(one))}


def word(summary: Any, keys: Collection[str]) -> str:
    """How Nimbus says a topology is, in our words. `keys`: of blobs."""
    said = str(summary.status).lower()
    return "paused" if said == "inactive" or (said == "active" and resting(summary.id) in keys) else said


def _time(topology: str) -> int:
    return int(topology.rpartition("-")[2])


@dataclass(frozen=True, slots=True)
class State:
    """How far a topology is."""

    ended: int  # instances of sources whose last item is processed by the whole topology
    sources: int
    failed: str  # why it cannot go on; empty where it can

    @property
    def finished(self) -> bool:
        """Has everything been processed?"""
        return self.ended >= self.sources > 0


def about(nimbus: Nimbus, found: Found) -> dict[str, Any]:
    """`sferic.about` of its configuration, as the compiler wrote it, with the key of the trusted codec.

    Only workers know the key: they leave it in a blob, before anything that it is needed for.
    """
    key = f"sferic.{found.id}.about"
    kept: dict[str, Any] = json.loads((nimbus.read_blob(key) if key in found.blobs else None) or b"{}")
    if found.status != "gone":
        config = json.loads(nimbus.call("getTopologyConf", found.id))
        if "sferic.about" not in config:
            raise NimbusError(f"{found.name} on {nimbus.address} is no topology of sferic")
        return {**config["sferic.about"], "key": kept.get("key", "")}
    return kept


def state(nimbus: Nimbus, found: Found) -> State:
    """Look how far it is."""
    failed = ""
    for key in found.parts("failed"):
        event = json.loads(nimbus.read_blob(key) or b"{}")
        failed = _why(event)
    return State(found.ends, int(about(nimbus, found).get("sources", 0)), failed)


def _why(event: Event) -> str:
    if event.get("event") == "lost":
        return (
            f"{event['stage']} (instance {event['rank']}): its process or its worker died and its state is lost, in a "
            "second attempt too, so that results would be wrong. Submit it again, with --fresh"
        )
    if event.get("event") == "failed":
        return f"{event['pe']} failed on {event['item']}: {event['error']}"
    return event.get("text") or "the logs of its workers say why"


def check_attempt(found: Found, handed_out: int) -> None:
    """NimbusError where results of an attempt that does not count were handed out; 0: none were."""
    if 0 < handed_out < found.attempt:
        raise NimbusError(
            f"{found.name} has lost state and begun again: what was written here is of the attempt before, and no "
            f"part of its results. Throw it away, and fetch them again: sferic results {found.name} --follow"
        )


def kill(nimbus: Nimbus, found: Found, *, keep: bool = False) -> int:
    """End it now; what is in flight is dropped. Returns how many chunks that nobody fetched went with it."""
    # Had it finished by itself, whether its workers came to say so or not?
    done = found.ends and state(nimbus, found).finished and nimbus.read_blob(f"sferic.{found.id}.orders") != b"stop"
    if found.status != "gone":
        nimbus.call("killTopologyWithOpts", found.name, nimbus.types.KillOptions(wait_secs=0))
        while any(summary.id == found.id for summary in nimbus.call("getClusterInfo").topologies):
            time.sleep(_LOOK)
    if done:
        drop_positions(nimbus, found.name, found.id)
    if keep:
        return 0
    dropped = 0
    found = again(nimbus, found)
    fetched = found.marks
    for key in found.blobs:
        dropped += key.split(".")[2] in KEPT and key not in fetched
        nimbus.delete_blob(key)
    return dropped


def tidy(nimbus: Nimbus, found: Found) -> None:
    """Remove what is left of a topology that has gone, if nothing of it waits to be fetched."""
    found = again(nimbus, found)
    if found.status == "gone" and not found.results and not found.parts("letters."):
        kill(nimbus, found)


def stop(nimbus: Nimbus, found: Found, progress: Callable[[State], None], limit: float, tell: Tell) -> State:
    """End its sources, wait until all is processed, and let it go; results stay. Raises NimbusError after `limit` s.

    A Nimbus that is away meanwhile is waited for, and `tell` told.
    """
    if found.status == "gone":
        raise NoSuchTopology(f"{found.name} on {nimbus.address} has gone already")
    about(nimbus, found)
    until = time.monotonic() + limit
    patience = Patience(nimbus, tell, until)
    try:
        patience(lambda: _ask_to_end(nimbus, found))
        while not (looked := patience(lambda: _drained(nimbus, found)))[0].finished and not looked[0].failed:
            now, status = looked
            if status == "gone":
                raise NoSuchTopology(f"somebody has killed {found.name} on {nimbus.address} while it drained")
            progress(now)
            if time.monotonic() > until:
                raise NimbusError(
                    f"{found.name} has not drained within {limit:.0f} s: {now.ended} of {now.sources} sources have "
                    f"ended. It goes on draining; ask again, or drop what is in flight: sferic kill {found.name}"
                )
            time.sleep(_LOOK)
        # Another one of its name may run by now.
        patience(lambda: kill(nimbus, again(nimbus, found), keep=True))
        patience(lambda: tidy(nimbus, found))
    except NimbusAway as error:
        raise NimbusError(
            f"{error}\n{found.name} was told to end, and drains. When Nimbus is back, the same command again goes on "
            "from there"
        ) from error
    return looked[0]


def _ask_to_end(nimbus: Nimbus, found: Found) -> None:
    nimbus.put_blob(f"sferic.{found.id}.orders", b"stop")
    if found.status == "paused":  # its sources end before they read on: an instance that goes on looks at its orders
        nimbus.call("activate", found.name)


def _drained(nimbus: Nimbus, found: Found) -> tuple[State, str]:
    found = again(nimbus, found)
    return state(nimbus, found), found.status

"""Another version in the place of a topology that runs, and the way back."""

import gzip
import io
import json
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as changed
from typing import Any

from sferic.cluster.nimbus import Nimbus, NimbusAway, NimbusError, NoSuchTopology
from sferic.cluster.patience import Patience
from sferic.cluster.started import Started, started
from sferic.cluster.steering import rest
from sferic.cluster.submission import Package, start, upload
from sferic.cluster.topologies import Found, State, again, find, kill, resting, state, stop, tidy

_LOOK = 0.5
_PATIENCE = 120.0  # seconds that Nimbus may be away while neither version runs
_KRYO = "topology.kryo.register"
# Nimbus sets these itself; and who goes back does not begin anew.
_NOT_AGAIN = ("topology.name", "topology.submitter.principal", "topology.submitter.user", "sferic.fresh")

# Of what is to be paused once it has started: Storm starts nothing that is inactive.
REST = "sferic.rest"

Tell = Callable[[str], None]


def running_package(nimbus: Nimbus, found: Found) -> Package:
    """What this topology was submitted as, from what Nimbus keeps of it. Raises NimbusError."""
    jar = nimbus.read_blob(f"{found.id}-stormjar.jar")
    conf = nimbus.read_blob(f"{found.id}-stormconf.ser")
    if jar is None or conf is None:
        raise NimbusError(f"Nimbus at {nimbus.address} does not give out what {found.id} was submitted as")
    config: dict[str, Any] = {
        key: value
        for key, value in json.loads(gzip.decompress(conf)).items()
        if key.startswith(("topology.", "sferic.")) and key not in _NOT_AGAIN
    }
    if isinstance(config.get(_KRYO), dict):  # as Nimbus keeps it; it takes it otherwise
        config[_KRYO] = [{kind: serializer} for kind, serializer in config[_KRYO].items()]
    with zipfile.ZipFile(io.BytesIO(jar)) as archive:
        package = Package(found.name, jar, archive.read("topology.bin"), config)
    return _resting(package, rests=found.status == "paused")


def _resting(package: Package, *, rests: bool) -> Package:
    config = {key: value for key, value in package.config.items() if key != REST}
    return changed(package, config={**config, REST: True} if rests else config)


def _kept(name: str, part: str) -> str:
    return f"sferic.before.{name}.{part}"


def keep(nimbus: Nimbus, package: Package) -> None:
    """In the blobstore, for `kept`, in the place of what was kept before."""
    for part, data in (("config", json.dumps(dict(package.config)).encode()), ("jar", package.jar)):
        nimbus.delete_blob(_kept(package.name, part))
        nimbus.write_blob(_kept(package.name, part), data)


def kept(nimbus: Nimbus, name: str) -> Package | None:
    """What the last update of this name replaced."""
    there = set(nimbus.blobs())
    parts = [nimbus.read_blob(_kept(name, part)) if _kept(name, part) in there else None for part in ("config", "jar")]
    config, jar = parts
    if config is None or jar is None:
        return None
    with zipfile.ZipFile(io.BytesIO(jar)) as archive:
        return Package(name, jar, archive.read("topology.bin"), json.loads(config))


def forget(nimbus: Nimbus, name: str) -> None:
    """There is nothing to go back to any more."""
    for key in {_kept(name, "config"), _kept(name, "jar")} & set(nimbus.blobs()):
        nimbus.delete_blob(key)


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for the old one to drain, and for the new one to start."""

    drain: float
    start: float


@dataclass(frozen=True, slots=True)
class Updated:
    """How it went. `back`: why the one before runs again; empty where the new one runs."""

    id: str
    back: str = ""


def replace(nimbus: Nimbus, old: Found | None, new: Package, tell: Tell, limits: Limits) -> Updated:
    """Upload `new`, drain `old` (None: nothing runs), submit `new` under its name; the way back if it does not start.

    Where the old one was paused, what runs then is paused, too. Raises NimbusError, whose text says what runs and what
    to do.
    """
    before = None
    if old is not None:
        before = running_package(nimbus, old)
        keep(nimbus, before)
        tell(f"kept {old.id} as it was submitted ({len(before.jar):,} bytes), to go back to")
    last = before or kept(nimbus, new.name)  # what ran last, also where an update has broken off
    new = _resting(new, rests=last is not None and REST in last.config)
    location = upload(nimbus, new)
    tell(f"uploaded {len(new.jar):,} bytes")
    if old is not None:
        _drain(nimbus, old, tell, limits.drain)
    try:
        return Updated(_begin(nimbus, new, location, tell, limits.start))
    except NimbusAway as error:
        raise NimbusError(f"{error}\n{_neither(new.name)}") from error
    except NimbusError as error:
        if before is None:
            raise
        tell(f"{new.name} goes back to what ran before: {error}")
        try:
            return Updated(_back(nimbus, before, tell, limits.start), str(error))
        except NimbusError as also:
            raise NimbusError(f"the new one: {error}\nthe one before: {also}\n{_neither(new.name)}") from also


def _neither(name: str) -> str:
    return (
        f"No version of {name} may run now (sferic status {name}). What ran before is kept on the cluster; once that "
        f"is well: sferic update --back --name {name}"
    )


def _drain(nimbus: Nimbus, old: Found, tell: Tell, limit: float) -> None:
    told: list[int] = []

    def progress(now: State) -> None:
        if told != [now.ended]:
            told[:] = [now.ended]
            tell(f"{old.id} drains: {now.ended} of {now.sources} sources have ended")

    try:
        now = stop(nimbus, old, progress, limit, tell)
    except NoSuchTopology:
        raise
    except NimbusError as error:
        raise NimbusError(f"{error}. The new version is not submitted; the same command again goes on") from error
    if now.failed:
        tell(f"{old.id} had failed and could not drain: {now.failed}")
    tell(f"{old.id} is gone")


def _begin(nimbus: Nimbus, package: Package, location: str, tell: Tell, limit: float) -> str:
    """Submit and wait until it runs as a whole; returns its id. What does not start is gone when this raises."""
    topology = _submitted(nimbus, package, location, tell)
    tell(f"submitted as {topology}")
    until = time.monotonic() + limit
    last = ""
    patience = Patience(nimbus, tell, until)

    def look() -> tuple[Found, Started, State]:
        found = again(nimbus, find(nimbus, package.name))
        return found, started(nimbus, found), state(nimbus, found)

    while True:
        found, now, why = patience(look)
        if found.id != topology or found.status == "gone":
            raise NoSuchTopology(f"somebody has killed {topology} on {nimbus.address} while it started")
        if now.all or why.finished:
            tell(f"{topology} runs: {now}")
            if REST in package.config:
                _rest(nimbus, found, tell)
            return topology
        if why.failed or time.monotonic() > until:
            kill(nimbus, found, keep=True)
            tidy(nimbus, found)
            raise NimbusError(why.failed or _slow(topology, now, limit))
        if str(now) != last:
            last = str(now)
            tell(f"{topology} starts: {now}")
        time.sleep(_LOOK)


def _rest(nimbus: Nimbus, found: Found, tell: Tell) -> None:
    Patience(nimbus, tell, time.monotonic() + _PATIENCE)(lambda: rest(nimbus, found))
    tell(f"{found.id} is paused, as the one before it was. To go on: sferic resume {found.name}")


def _slow(topology: str, now: Started, limit: float) -> str:
    return (
        f"{topology} has not started within {limit:.0f} s ({now}): are there workers free? See: sferic cluster status"
    )


def _submitted(nimbus: Nimbus, package: Package, location: str, tell: Tell) -> str:
    def submit() -> str:
        for summary in nimbus.topologies():  # the call that broke off may have been heard
            if summary.name == package.name:
                return _marked(nimbus, package, str(summary.id))
        return _marked(nimbus, package, start(nimbus, package, location))

    return Patience(nimbus, tell, time.monotonic() + _PATIENCE)(submit)


def _marked(nimbus: Nimbus, package: Package, topology: str) -> str:
    if REST in package.config:
        nimbus.write_blob(resting(topology), b"")
    return topology


def _back(nimbus: Nimbus, before: Package, tell: Tell, limit: float) -> str:
    return _begin(nimbus, before, upload(nimbus, before), tell, limit)

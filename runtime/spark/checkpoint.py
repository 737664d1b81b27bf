"""The folder in which a stream job leaves what it needs to go on after its driver's death, on any file system that
Spark knows."""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pyspark import SparkContext

from sferic.runtime.plan import Plan

STOP = "stop"
_LEAD, _END = "superstep-", ".json"


@dataclass(frozen=True, slots=True)
class Mark:
    """The last superstep that is kept whole.

    `state`: where its instances are; `key`: of the trusted codec, base64; `written`: what the driver's files had then,
    in bytes by name; `ended`: no instance goes on from here, and `tokens` has where sources were, by stage and rank.
    """

    sferic: str
    plan: str
    run: str
    attempt: int
    key: str
    step: int
    state: str
    written: dict[str, int] = field(default_factory=dict[str, int])
    ended: bool = False
    tokens: dict[str, str] = field(default_factory=dict[str, str])


def compared(plan: Plan) -> str:
    """What a plan has to come to for a checkpoint of it. Where lines of a file stand is no part of it (should they have
    moved, the file is another one), and in a notebook it is another place each time."""
    stages = [replace(stage, pes=tuple(replace(pe, location=None) for pe in stage.pes)) for stage in plan.stages]
    return replace(plan, stages=tuple(stages)).digest()


class Checkpoint:
    """Marks are written one after the other, each a file that is there wholly or not at all; the last one counts."""

    def __init__(self, sc: SparkContext, folder: str) -> None:
        self._jvm: Any = sc._jvm  # pyright: ignore[reportPrivateUsage] - Hadoop's file systems have no other way
        jsc: Any = sc._jsc  # pyright: ignore[reportPrivateUsage]
        self._folder = self._jvm.org.apache.hadoop.fs.Path(folder)
        self._fs = self._folder.getFileSystem(jsc.hadoopConfiguration())
        self._fs.mkdirs(self._folder)

    @property
    def path(self) -> str:
        """With its scheme."""
        return str(self._fs.makeQualified(self._folder).toString())

    def make(self, name: str) -> str:
        """An empty folder in it."""
        path = self._at(name)
        self._fs.mkdirs(path)
        return str(self._fs.makeQualified(path).toString())

    def last(self) -> Mark | None:
        """Where to go on, if anywhere."""
        marks = self._marks()
        if not marks:
            return None
        return self._read(marks[-1])

    def write(self, mark: Mark) -> None:
        """From here on this one counts."""
        name = f"{_LEAD}{mark.attempt:02}-{mark.step:012}{'-end' * mark.ended}{_END}"
        part = self._at(f".{name}.part")
        stream = self._fs.create(part, True)
        self._fs.setPermission(part, self._jvm.org.apache.hadoop.fs.permission.FsPermission("600"))  # it has the key
        stream.write(json.dumps(asdict(mark)).encode())
        stream.close()
        if not self._fs.rename(part, self._at(name)):
            raise OSError(f"{self.path}: {name} cannot be written")
        here = mark.state.rpartition("/")[0]
        for older in self._marks():
            if older < name:
                state = self._read(older).state
                self._fs.delete(self._at(older), False)
                folder = state.rpartition("/")[0]  # a driver has one for all its supersteps
                if state and state != mark.state:
                    self._delete(state if folder == here else folder)

    @property
    def stop_requested(self) -> bool:
        """Did anybody make a file named `stop` in it?"""
        return bool(self._fs.exists(self._at(STOP)))

    def forget_stop(self) -> None:
        """It was asked of a run before this one."""
        self._fs.delete(self._at(STOP), False)

    def _read(self, name: str) -> Mark:
        stream = self._fs.open(self._at(name))
        try:
            text = str(self._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
        finally:
            stream.close()
        return Mark(**json.loads(text))

    def _delete(self, path: str) -> None:
        self._fs.delete(self._jvm.org.apache.hadoop.fs.Path(path), True)

    def _at(self, name: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(self._folder, name)

    def _marks(self) -> list[str]:
        names = (str(status.getPath().getName()) for status in self._fs.listStatus(self._folder))
        return sorted(name for name in names if name.startswith(_LEAD) and name.endswith(_END))

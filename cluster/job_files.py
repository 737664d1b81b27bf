"""What a Spark job leaves for somebody to fetch: lines of results and dead letters, and which of them were."""

import fcntl
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from sferic.cluster.jobs import Job, replace_json, state_of
from sferic.runtime.letters import Letter, letter_of

Kind = Literal["results", "letters"]


@dataclass(frozen=True, slots=True)
class Line:
    """One of a file: from byte `at` to `end`."""

    text: str
    at: int
    end: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What was fetched of files that began as `of`: so many bytes of each, but for the letters that begin at `stay`."""

    of: str
    results: int = 0
    letters: int = 0
    stay: tuple[int, ...] = ()


class Shelf:
    """The files are the driver's, which may have to take back what came after its last checkpoint: nobody else changes
    them, and only what counts is given. Use it as a context to take results: nobody else takes anything meanwhile."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._paths = {"results": job.results, "letters": job.letters}

    def __enter__(self) -> "Shelf":
        self._lock = (self._job.folder / ".taking").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    @property
    def taken(self) -> Taken:
        """What was fetched so far."""
        of = self._of
        try:
            said = json.loads(self._job.taken.read_text())
        except FileNotFoundError:
            return Taken(of)
        return Taken(of, said["results"], said["letters"], tuple(said["stay"])) if said["of"] == of else Taken(of)

    @property
    def _of(self) -> str:
        """Where the files began: of a stream as its checkpoint has it, of a batch job with its last driver."""
        status = self._job.status
        if self._job.asked.mode == "batch":
            return f"{status.get('pid')}-{status.get('started')}"
        return str(status.get("written", {}).get("of"))

    def _note(self, taken: Taken) -> None:
        replace_json(self._job.taken, asdict(taken))

    def _counting(self, kind: Kind) -> int:
        """So many bytes count: of a stream what its last superstep has; of a batch job all when it is over."""
        path = self._paths[kind]
        if not path.exists():
            return 0
        size = path.stat().st_size
        if self._job.asked.mode == "batch":
            state = state_of(self._job)
            return size if state.over and not state.lives else 0
        return min(size, self._job.status.get("written", {}).get(kind, 0))

    def _lines(self, kind: Kind, begin: int) -> Iterator[Line]:
        end = self._counting(kind)
        if begin >= end:
            return
        with self._paths[kind].open("rb") as lines:
            lines.seek(begin)
            while (at := lines.tell()) < end:
                text = lines.readline()
                yield Line(text.decode().rstrip("\n"), at, at + len(text))

    def left(self, kind: Kind) -> int:
        """Bytes that nobody has fetched."""
        return max(0, self._counting(kind) - getattr(self.taken, kind))

    def results(self, begin: int) -> Iterator[Line]:
        """From byte `begin` on."""
        return self._lines("results", begin)

    def take_results(self, end: int) -> None:
        """Those before byte `end` were fetched: inside the context in which they were read."""
        self._note(replace(self.taken, results=max(end, self.taken.results)))

    def letters(self) -> list[tuple[Line, Letter]]:
        """Those that nobody has dropped."""
        taken = self.taken
        left = [line for line in self._lines("letters", 0) if line.at >= taken.letters or line.at in taken.stay]
        return [(line, letter_of(json.loads(line.text))) for line in left]

    def drop(self, letters: Sequence[Line], stay: Sequence[Line]) -> int:
        """Forget these but those; how many."""
        if not letters:
            return 0
        kept = {line.at for line in stay}
        with self:
            self._note(replace(self.taken, letters=letters[-1].end, stay=tuple(sorted(kept))))
        return len(letters) - len(kept)

"""Sees a child stand still, by its page: what a supervisor may take for a hang."""

from dataclasses import dataclass

from sferic.runtime.host.step import HANDING, IDLE, PAGE_INPUT, PAGE_PE, PAGE_STATE, PAGE_STEP, STARTING, WORKING
from sferic.runtime.plan import PlannedPE, Stage

SLOW = 60.0  # seconds at one item after which it is told
START = 60.0  # seconds that imports may take, whatever the PEs' limits; nobody's item is at stake yet


@dataclass(slots=True)
class Standstill:
    """How long a child has made no progress with something to do. Begin a new one for a new child."""

    since: float
    warned: bool = False
    killed: bool = False  # for standing still: once is enough, even where its end takes a while
    _last: tuple[int, ...] = ()

    def look(self, page: memoryview, now: float, *, owes: bool, heard: int, unread: bool) -> float:
        """Seconds without progress. `owes`: it has not answered all it was given; `heard`: bytes that came from it;
        `unread`: others lie in its pipe, and it may wait for its supervisor."""
        state = page[PAGE_STATE]
        hands = state == HANDING
        busy = state in (WORKING, STARTING) or (state == IDLE and owes) or (hands and not unread)
        place = (page[PAGE_INPUT], page[PAGE_PE], page[PAGE_STEP], state, heard if hands else 0)
        if not busy or place != self._last:
            self._last, self.since, self.warned = place, now, False
        return now - self.since


def pe_at(stage: Stage, index: int) -> PlannedPE:
    """The PE that a child says it is at."""
    return stage.pes[min(index, len(stage.pes) - 1)]


def limit_at(stage: Stage, page: memoryview) -> tuple[PlannedPE, float | None, bool]:
    """(the PE a child is at, its hang_timeout, whether standing still is worth a word there).

    Until preprocess the longest of the stage counts, and not less than START. A source may wait for its data as long
    as it likes, unless it says itself how long.
    """
    pe = pe_at(stage, page[PAGE_PE])
    if page[PAGE_STATE] == STARTING:
        said = [each.hang_timeout for each in stage.pes if each.hang_timeout]
        return pe, max(START, *said) if said else None, True
    return pe, pe.hang_timeout, not pe.source or pe.hang_timeout is not None

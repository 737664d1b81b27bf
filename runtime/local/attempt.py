"""One attempt at a run on processes: what comes of it, what ends it, and when the run begins again. For every target
that drives processes."""

import contextlib
import secrets
from collections.abc import Callable

from sferic.runtime.codec import CodecError, codec_for
from sferic.runtime.frames import BATCH_HEADER_SIZE
from sferic.runtime.host.failures import error_event, results_unread, with_letter_key
from sferic.runtime.observe import Event, Observer
from sferic.runtime.plan import Plan

_REMEDY = (
    "Should an item of {pe} have ended it: in a process apart from sources without `read` and from PEs with state "
    "(--fuse none, or a partition of its own) that item alone would fail."
)


class Over(Exception):  # noqa: N818 - the way out of an attempt, not an error
    """Nothing more of this attempt is wanted; the observer was told why."""


def ends(event: Event) -> bool:
    """Whether nothing more of an attempt is wanted, wherever it happened; losing state ends finite ones only."""
    kind = event["event"]
    return kind in ("error", "lost") or (kind == "failed" and event["policy"] == "stop")


class Attempt:
    """Where the batches of results and the events of one attempt go. `number` is 1, or 2 for the last one."""

    def __init__(self, plan: Plan, observer: Observer, number: int, key: bytes | None = None) -> None:
        """`key`: of the trusted codec; a new one where there is none yet."""
        self.number = number
        self.key = secrets.token_bytes(32) if key is None else key
        self.repeated = False
        self._observer = observer
        self._endless = plan.endless
        self._died_at: dict[tuple[str, int], str] = {}  # the PE at which an instance's process died last
        self._links = {link.id: link for link in plan.links}
        self._codecs = {link.id: codec_for(link.codec, key=self.key) for link in plan.links}

    def result(self, link_id: int, batch: bytes) -> None:
        """A batch came out of a link without a receiver. Raises Over where its items cannot be had."""
        link = self._links[link_id]
        try:
            items = self._codecs[link_id].decode(memoryview(batch)[BATCH_HEADER_SIZE:])
        except CodecError as error:
            self.event(results_unread(link, error))
        else:
            self._observer.result(link.from_pe, link.from_port, items)

    def event(self, event: Event) -> None:
        """Something happened. Raises Over where that ends the attempt."""
        if event["event"] == "lost":
            self._lost(event)
            return
        if event["event"] == "died":
            self._died_at[event["stage"], event["rank"]] = event["pe"]
        self._observer.event(with_letter_key(event, self.key))
        if ends(event):
            raise Over

    def _lost(self, event: Event) -> None:
        """A finite run begins again once; the second time it ends with an error. An endless one goes on."""
        self.repeated = self.number == 1 and not self._endless
        then = "goes on" if self._endless else "begins again" if self.repeated else "ends"
        self._observer.event({**event, "then": then})
        if self.repeated:
            raise Over
        if not self._endless:
            stage, rank = event["stage"], event["rank"]
            pe = self._died_at.get((stage, rank), stage)
            text = (
                f"{stage} (instance {rank}): its process died at {pe} and its state is lost, in a second attempt too. "
            )
            self.event(error_event(f"{text}{_REMEDY.format(pe=pe)}"))


def run_attempts(
    plan: Plan,
    observer: Observer,
    carry: Callable[[Attempt], None],
    *,
    first: int = 1,
    key: bytes | None = None,
) -> None:
    """Run `plan` to its end by `carry`, which returns when the run is over or lets Over pass.

    When state was lost a finite run begins again once; the second time it ends with an error. `first`, `key`: of the
    attempt that is gone on with.
    """
    for number in (1, 2)[first - 1 :]:
        attempt = Attempt(plan, observer, number, key if number == first else None)
        with contextlib.suppress(Over):
            carry(attempt)
        if not attempt.repeated:
            return
        observer.begin_again()

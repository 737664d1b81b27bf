"""What becomes of an item that a PE could not handle."""

import base64
import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sferic.runtime.codec import CodecError, GeneralCodec, TrustedCodec
from sferic.runtime.frames import BATCH_HEADER_SIZE, BatchHeader
from sferic.runtime.observe import Event
from sferic.runtime.plan import Link, PlannedPE

LETTER_KEY = bytes(32)  # of pickled items in dead letters: the run's own is gone with it
_REPR_LIMIT = 500
_KEEP_LIMIT = 32 << 20  # bytes of an item that a dead letter keeps; a frame has to hold it
_RUNTIME = Path(__file__).parents[1]
_OURS = (f"{_RUNTIME}/", f"{_RUNTIME.resolve()}/")  # a checkout reaches it by a link


class RunStopped(BaseException):
    """The run ends here; what happened has been told to the observer."""


class SourceStopped(BaseException):
    """Raised out of a source's write when the run was asked to stop; ends the source."""


# Whatever else comes out of a PE's code fails its item: sys.exit() or asyncio's CancelledError must not end a worker.
ENDINGS = (RunStopped, SourceStopped, KeyboardInterrupt)


class PoisonItem(RuntimeError):  # noqa: N818 - named by what it stands for in a dead letter
    """This item killed its process twice."""

    DEATHS = 2


def short_repr(item: object) -> str:
    """`repr`, bounded, that never raises."""
    try:
        text = repr(item)
    except ENDINGS:
        raise
    except BaseException as error:  # noqa: BLE001 - a broken __repr__ must not hide the failure being reported
        text = f"<{type(item).__name__}, its repr raised {type(error).__name__}>"
    return text if len(text) <= _REPR_LIMIT else text[:_REPR_LIMIT] + "…"


def note(error: BaseException, text: str) -> None:
    """Let `error` say this, too, wherever it is told."""
    if text not in getattr(error, "__notes__", ()):
        error.add_note(text)


def _said(error: BaseException) -> str:
    kind = type(error).__name__
    try:
        notes = "".join(f", {text}" for text in getattr(error, "__notes__", ()) if "\n" not in text)
        return f"{kind}: {error}{notes}"
    except ENDINGS:
        raise
    except BaseException as again:  # noqa: BLE001 - as of a broken __repr__
        return f"{kind}, its str raised {type(again).__name__}"


def user_traceback(error: BaseException) -> str:
    """The traceback with the user's frames only, without what was raised while we handled an earlier attempt."""
    told = traceback.TracebackException.from_exception(error)
    _keep_users(told)
    text = "".join(told.format() if told.stack else told.format_exception_only())
    from sferic.runtime.compat.python2 import python2_name  # noqa: PLC0415 - no worker needs it before it fails

    leftover = python2_name(error)
    return f"{text}Python 2: {leftover}\n" if leftover else text


def _keep_users(told: traceback.TracebackException) -> None:
    for link in ("__cause__", "__context__"):
        before: traceback.TracebackException | None = getattr(told, link)
        if before is None:
            continue
        # What the user's own code caught begins in it; what we caught begins with us.
        if link == "__context__" and before.stack and _is_ours(before.stack[0].filename):
            told.__context__ = None
        else:
            _keep_users(before)
    told.stack = traceback.StackSummary.from_list([frame for frame in told.stack if not _is_ours(frame.filename)])


def _is_ours(filename: str) -> bool:
    return filename.startswith(_OURS)


@dataclass(frozen=True, slots=True)
class Failures:
    """Applies the failure policy of one PE."""

    pe: PlannedPE
    rank: int
    tell: Callable[[Event], None]
    trusted: bool = False  # do the PE's items travel pickled?

    def item_failed(
        self, item: object, error: BaseException, attempts: int = 1, *, port: str | None = "", written: bool = False
    ) -> None:
        """Report a failed item; RunStopped where the policy is to stop.

        `port`: where it came in (None: the item is ``{port: item}``, a root's), or with `written` where it was to go
        out; "" where there is no item and `item` says what failed.
        """
        shown = item if port == "" else short_repr(item)
        event = _event(self.pe.path, self.rank, port, shown, _said(error), self.pe.on_failure)
        event |= {"written": written, "traceback": user_traceback(error), "attempts": attempts}
        if self.pe.on_failure == "dead-letter":
            event |= self._kept(item) if port != "" else NOTHING_KEPT
        self.tell(event)
        if self.pe.on_failure == "stop":
            raise RunStopped(self.pe.path)

    def cannot_resume(self, position: object, error: BaseException) -> None:
        """The source raised before it gave anything from a position that an earlier run left: RunStopped."""
        self.tell(
            error_event(
                f"{self.pe.path} (instance {self.rank}) cannot go on at {short_repr(position)}, where it was before: "
                f"{_said(error)}. Mend that, or let it begin anew: sferic submit --fresh\n{user_traceback(error)}"
            )
        )
        raise RunStopped(self.pe.path)

    def warn(self, text: str) -> None:
        """Say what is no failure, and may become one."""
        self.tell({"event": "log", "level": logging.WARNING, "pe": self.pe.path, "rank": self.rank, "text": text})

    def _kept(self, item: object) -> dict[str, Any]:
        """The item's bytes, as far as a codec takes it."""
        try:
            data, codec = GeneralCodec().encode([item]), "general"
        except CodecError:
            if not self.trusted:
                return NOTHING_KEPT
            try:
                data, codec = TrustedCodec(LETTER_KEY).encode([item]), "trusted"
            except CodecError:
                return NOTHING_KEPT
        if len(data) > _KEEP_LIMIT:
            return NOTHING_KEPT
        return {"codec": codec, "count": 1, "data": base64.b64encode(data).decode()}


NOTHING_KEPT: dict[str, Any] = {"codec": None, "count": 0, "data": None}


def _event(pe: str, rank: int, port: str | None, item: object, error: str, policy: str) -> dict[str, Any]:
    return {
        "event": "failed",
        "pe": pe,
        "rank": rank,
        "port": port,
        "written": False,
        "item": item,
        "error": error,
        "traceback": "",
        "policy": policy,
        "attempts": 1,
        "time": now(),
    }


def now() -> str:
    """This moment, as dead letters have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def batch_failed(pe: str, rank: int, port: str, batch: bytes, policy: str, error: str, attempts: int = 1) -> Event:
    """The event of a whole batch for a PE's port that is given up."""
    header = BatchHeader.unpack(batch)
    event = _event(pe, rank, port, f"a batch of {header.count}", error, policy) | {"attempts": attempts}
    if len(batch) > _KEEP_LIMIT:
        return event | NOTHING_KEPT | {"count": header.count}
    return event | {
        "codec": "general" if header.codec == GeneralCodec.id else "trusted",
        "count": header.count,
        "data": base64.b64encode(batch[BATCH_HEADER_SIZE:]).decode(),
    }


def with_letter_key(event: Event, key: bytes) -> Event:
    """A whole batch was sealed with the run's key: the same under the one of dead letters."""
    if event["event"] != "failed" or event.get("codec") != "trusted" or not event.get("data"):
        return event
    data = TrustedCodec(key).sealed_anew(base64.b64decode(event["data"]), LETTER_KEY)
    return {**event, "data": base64.b64encode(data).decode()}


def results_unread(link: Link, error: CodecError) -> Event:
    """The event of results that came and cannot be had again as items."""
    return error_event(f"results of {link.from_pe}.{link.from_port} cannot be read: {error}")


def error_event(text: str, kind: str = "failed") -> dict[str, Any]:
    """The event that ends a run."""
    return {"event": "error", "kind": kind, "text": text}

"""What becomes of an item that a PE could not handle."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from sferic.runtime.observe import Event
from sferic.runtime.plan import PlannedPE

_REPR_LIMIT = 500
_OUR_ROOMS = ("/sferic/runtime/", "/runtime/host/", "/runtime/local/")
ITEM_ERRORS = (
    Exception,
    SystemExit,
)  # sys.exit() in a PE fails the item; it must not end a worker as if all were done


class RunStopped(BaseException):
    """The run ends here; what happened has been told to the observer."""


class SourceStopped(BaseException):
    """Raised out of a source's write when the run was asked to stop; ends the source."""


class PoisonItem(RuntimeError):  # noqa: N818 - named by what it stands for in a dead letter
    """This item killed its process twice."""


def short_repr(item: object) -> str:
    """`repr`, bounded, that never raises."""
    try:
        text = repr(item)
    except Exception as error:  # noqa: BLE001 - a broken __repr__ must not hide the failure being reported
        text = f"<{type(item).__name__}, its repr raised {type(error).__name__}>"
    return text if len(text) <= _REPR_LIMIT else text[:_REPR_LIMIT] + "…"


def user_traceback(error: BaseException) -> str:
    """The traceback from the user's first frame on."""
    at: TracebackType | None = error.__traceback__
    while at is not None and _is_ours(at.tb_frame.f_code.co_filename):
        at = at.tb_next
    return "".join(traceback.format_exception(type(error), error, at))


def _is_ours(filename: str) -> bool:
    return any(room in filename for room in _OUR_ROOMS)


@dataclass(frozen=True, slots=True)
class Failures:
    """Applies the failure policy of one PE."""

    pe: PlannedPE
    rank: int
    tell: Callable[[Event], None]

    def item_failed(self, item: object, error: BaseException, attempts: int = 1) -> None:
        """Report a failed item; RunStopped where the policy is to stop."""
        self.tell(
            {
                "event": "failed",
                "pe": self.pe.path,
                "rank": self.rank,
                "item": short_repr(item),
                "error": f"{type(error).__name__}: {error}",
                "traceback": user_traceback(error),
                "policy": self.pe.on_failure,
                "attempts": attempts,
            }
        )
        if self.pe.on_failure == "stop":
            raise RunStopped(self.pe.path)


def error_event(text: str, kind: str = "failed") -> dict[str, Any]:
    """The event that ends a run."""
    return {"event": "error", "kind": kind, "text": text}

"""What happens in a job as entries of a log: time, level, who says it; whatever a text is, it is one entry."""

import logging
import time

from sferic.report import words
from sferic.runtime.observe import Event

_LEVELS = {"died": "ERROR", "error": "ERROR", "lost": "ERROR", "failed": "WARN", "hung": "WARN", "slow": "WARN"}
_NAMES = ((logging.ERROR, "ERROR"), (logging.WARNING, "WARN"), (logging.INFO, "INFO"), (0, "DEBUG"))
_INDENT = "\n    "


def entry(event: Event) -> str:
    """The event as an entry; "" for one that is for programs."""
    said = words(event)
    if not said:
        return ""
    kind, pe = event["event"], event.get("pe")
    if kind in ("print", "log"):
        said = event["text"]
    elif kind == "failed":
        said = f"failed on {event['item']}: {event['error']}\n{event['traceback']}".rstrip()
    speaker = f"{pe}[{event['rank']}] " if pe else ""
    level = _LEVELS.get(kind) or next(name for least, name in _NAMES if event.get("level", logging.INFO) >= least)
    return stamped(f"{speaker}{said}", level, "sferic.pe.job" if speaker else "sferic.job")


def stamped(text: str, level: str, logger: str) -> str:
    """An entry of this moment, lines after the first one indented."""
    now = time.time()
    moment = f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(now))}.{int(now * 1000) % 1000:03}"
    return f"{moment} {level} {logger} [driver] {_INDENT.join(text.splitlines())}"

"""What `dispel4py.new.logger` has."""

import logging
import traceback
from typing import Any

logger = logging.getLogger("dispel4py")


def print_stack_trace() -> None:
    """Log the traceback of the error at hand."""
    logger.error(traceback.format_exc())


def simpleLogger(pe: Any, msg: object) -> None:  # noqa: N802 - dispel4py's name
    """Say something in a PE's name."""
    pe.log(msg)

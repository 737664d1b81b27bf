"""Workflows as users of dispel4py write them, each with what a plain loop says comes of it.

Read twice: by the tests, where sferic answers for dispel4py, and by `record.py`, with the installed one. A case gives a
graph whose PEs have names, its inputs, and the expected results: {name: {port: [items]}}; where these depend on how many
instances there are, those of one instance each come after them. The modules imported here list theirs in `pes`.
"""

import item_cases  # noqa: F401
import routing_cases  # noqa: F401
import shape_cases  # noqa: F401
import wrong_cases  # noqa: F401
from pes import CASES, ERRORS, WRONGS, Spread

__all__ = ["CASES", "ERRORS", "WRONGS", "Spread"]

"""Everything wrong with a user's input, told together, each with file and line."""

from collections.abc import Sequence
from dataclasses import dataclass

from sferic.runtime.location import UNKNOWN, Location


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, where, and what to do about it."""

    text: str
    location: Location = UNKNOWN
    remedy: str = ""

    def __str__(self) -> str:
        where = "" if self.location == UNKNOWN else f"{self.location}: "
        return f"{where}{self.text}" + (f". {self.remedy[0].upper()}{self.remedy[1:]}" if self.remedy else "")


class WrongInput(ValueError):  # noqa: N818 - reads as what it is in `raise WrongInput(problems)`
    """A definition or a run's input that cannot be compiled; `problems` holds all that was found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

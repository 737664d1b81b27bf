"""Everything wrong with a user's input, told together, each with file and line."""

import difflib
from collections.abc import Iterable, Sequence
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
        remedy = f". {self.remedy[0].upper()}{self.remedy[1:]}" if self.remedy else ""
        return f"{where}{shortened(self.text)}{shortened(remedy)}"


class WrongInput(ValueError):  # noqa: N818 - reads as what it is in `raise WrongInput(problems)`
    """A definition or a run's input that cannot be compiled; `problems` holds all that was found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class InternalError(AssertionError):
    """What a pass must leave behind does not hold: a fault of the compiler, never of the user's definition."""

    def __init__(self, place: str, broken: Sequence[str]) -> None:
        self.place = place
        self.broken = tuple(broken)
        found = "\n".join(f"  {text}" for text in broken)
        super().__init__(
            f"internal error after the pass {place!r}:\n{found}\n"
            "This is a fault of sferic, not of your workflow: please report it, with the output of "
            "`sferic explain --json`"
        )


def shortened(text: str, most: int = 4000) -> str:
    """`text`, without its middle where it has more than `most` characters."""
    cut = len(text) - most
    return text if cut <= 0 else f"{text[: most // 2]} … ({cut:,} characters left out) … {text[-most // 2 :]}"


def nearest(name: str, known: Iterable[str]) -> str:
    """A remedy that names what was probably meant, or all there is."""
    known = list(known)
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known are {', '.join(map(repr, known))}" if known else "it has none"

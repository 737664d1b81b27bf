"""What a stream tells goes to files as it comes, and not twice should its driver die."""

import os
import secrets
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from sferic.report import Reporter, result_line
from sferic.runtime.letters import LettersFile
from sferic.runtime.observe import Event


class Written(Reporter):
    """A reporter whose results go to a file, or stdout, at once. Use it as a context: files are closed after it."""

    def __init__(
        self, results: Path | None, letters: Path | None, as_text: Callable[[Event], str] | None = None
    ) -> None:
        super().__init__(as_text=as_text)
        self._paths = {"results": results, "letters": letters}
        self._results: BinaryIO | None = None
        self._of = secrets.token_hex(8)

    def __enter__(self) -> "Written":
        return self

    def __exit__(self, *_: object) -> None:
        for file in (self._results, self._letters):
            if file is not None:
                file.close()

    def result(self, pe: str, port: str, values: list[Any]) -> None:
        """Write the items of a result port."""
        lines = "".join(f"{result_line(pe, port, value)}\n" for value in values)
        if self._results is None:
            sys.stdout.write(lines)
            sys.stdout.flush()  # a stream may go on for months
        else:
            self._results.write(lines.encode())

    def begin_again(self) -> None:
        """Results of the attempt that is repeated come again."""
        super().begin_again()
        self._of = secrets.token_hex(8)
        if self._results is not None:
            self._results.truncate(0)

    def written(self) -> dict[str, Any]:
        """How long each file is, all of it on the disk, and what was counted. `of`: another where files began anew."""
        if self._results is not None:
            self._results.flush()
            os.fsync(self._results.fileno())
        letters = self._letters
        return {
            "files": {name: path.stat().st_size for name, path in self._paths.items() if path is not None},
            "of": self._of,
            "counts": {pe: dict(counts) for pe, counts in self.counts.items()},
            "failed": [self.failed, self.failed_items],
            "letters": None if letters is None else [letters.begin, letters.count],
        }

    def go_on(self, written: Mapping[str, Any] | None, *, anew: bool = False) -> None:
        """Forget what came after that; None: the first run begins, and adds to what letters there are. `anew`: what was
        written was of a run that had come to its end, and this one counts for itself."""
        if written is not None and not anew:
            self.counts = {pe: Counter(counts) for pe, counts in written["counts"].items()}
            self.failed, self.failed_items = written["failed"]
        results, letters = self._paths["results"], self._paths["letters"]
        files: dict[str, int] = {} if written is None else written["files"]
        self._of = self._of if written is None else written["of"]
        if results is not None:
            self._results = results.open("ab")
            self._results.truncate(min(files.get("results", 0), results.stat().st_size))
        if letters is not None:
            if "letters" in files and letters.exists():
                os.truncate(letters, min(files["letters"], letters.stat().st_size))
            of_this_run = None if written is None or anew else written["letters"]
            self._letters = LettersFile(letters, *(of_this_run or ()))

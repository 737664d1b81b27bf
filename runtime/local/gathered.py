"""Lines of a Python traceback as one text, with those of the errors that it came of. As the shim's Traceback.java."""

FIRST = "Traceback (most recent call last):"
MOST = 64 << 10  # characters
_LINKS = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)


class Gathered:
    """Takes lines, gives texts; holds back what may be a part of one."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._size = 0
        self._raised = False  # has the line come that says what was raised?

    def take(self, line: str) -> list[str]:
        """The texts that are whole now."""
        if self._belongs(line):
            self._add(line)
            return self.end() if self._size >= MOST else []
        told = self.end()
        if line == FIRST or line.startswith("Exception in thread ") or line.lstrip().startswith("+ Exception Group"):
            self._raised = False
            self._add(line)
            return told
        return [*told, line]

    def end(self) -> list[str]:
        """What was held back, if anything."""
        held = "\n".join(self._lines).rstrip()
        told = [held] if self._lines else []
        self._lines, self._size = [], 0
        return told

    def _belongs(self, line: str) -> bool:
        if not self._lines:
            return False
        link = not line or line == FIRST or line in _LINKS
        if self._raised and not link:
            return False
        self._raised = line != FIRST if self._raised else not (link or line.startswith(" "))
        return True

    def _add(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line) + 1

"""Numbers by the clock in streamparse's classes, as workflows/flow.py has them in ours; run by Storm's multilang."""

import os
import time
from pathlib import Path

from streamparse import Bolt, Spout

NUMBERS_A_CALL = 20


def _note(folder, name):
    (folder / f"pid-{name}-0-{os.getpid()}").touch()


class Numbers(Spout):
    """1, 2, 3 …, so many a second since the first of these processes began; sent again when they fail."""

    def initialize(self, stormconf, context):
        self.folder = Path(stormconf["peer.folder"])
        self.rate = stormconf["peer.rate"]
        self.number = 0
        _note(self.folder, "Numbers")
        try:
            with (self.folder / "began").open("x") as file:
                file.write(repr(time.time()))
        except FileExistsError:
            pass
        self.began = float((self.folder / "began").read_text())

    def next_tuple(self):
        due = int((time.time() - self.began) * self.rate)
        for _ in range(min(NUMBERS_A_CALL, due - self.number)):
            self.number += 1
            self.emit([self.number], tup_id=self.number)

    def fail(self, tup_id):
        self.emit([tup_id], tup_id=tup_id)


class Double(Bolt):
    """Twice the number."""

    def initialize(self, conf, ctx):
        _note(Path(conf["peer.folder"]), "Double")

    def process(self, tup):
        self.emit([2 * tup.values[0]])


class Keep(Bolt):
    """Appends each number, and when it came, to a file of the process's own."""

    def initialize(self, conf, ctx):
        folder = Path(conf["peer.folder"])
        _note(folder, "Keep")
        self.file = (folder / f"kept-0-{os.getpid()}").open("a", buffering=1)

    def process(self, tup):
        self.file.write(f"{tup.values[0]} {time.time():.3f}\n")

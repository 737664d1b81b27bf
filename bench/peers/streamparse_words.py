"""Word count in streamparse's classes; run by Storm's multilang with the peers' interpreter."""

import atexit
import json
import os
import time
from collections import Counter
from pathlib import Path

from streamparse import Bolt, Spout

SENTENCES_A_CALL = 20


class Sentences(Spout):
    """The lines of `text`, again and again; notes the times of the first and of the last ack."""

    def initialize(self, stormconf, context):
        self.folder = Path(stormconf["peer.folder"])
        self.lines = (self.folder / "text").read_text().splitlines()
        self.count = len(self.lines) * stormconf["peer.repeats"]
        self.sent = self.acked = 0

    def next_tuple(self):
        if self.sent == 0:
            (self.folder / "first").write_text(str(time.time_ns()))
        for _ in range(min(SENTENCES_A_CALL, self.count - self.sent)):
            self.emit([self.lines[self.sent % len(self.lines)]], tup_id=self.sent)
            self.sent += 1

    def ack(self, tup_id):
        self.acked += 1
        if self.acked == self.count:
            (self.folder / "last").write_text(str(time.time_ns()))


class Split(Bolt):
    """The words of a sentence."""

    outputs = ("word",)

    def process(self, tup):
        for word in tup.values[0].split():
            self.emit([word])


class Count(Bolt):
    """How often each word came; written when Storm goes."""

    def initialize(self, conf, ctx):
        self.counts = Counter()
        path = Path(conf["peer.folder"]) / f"counts-{os.getpid()}"
        atexit.register(lambda: path.write_text(json.dumps(self.counts)))

    def process(self, tup):
        self.counts[tup.values[0]] += 1

"""What a stream of short messages in many languages is made of: the classic workflow over tweets.

messages → filter ─┬─ count words     ─┐
                   └─ count languages ─┴─ statistics

The messages are real ones: the translations that the package WTForms carries (pip install 'sferic[topologies]').
"""

import gettext
import importlib.util
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sferic import GenericPE, IterativePE, ProducerPE, WorkflowGraph

WORD = re.compile(r"[^\W\d_]{2,}")
PLACEHOLDER = re.compile(r"%\(\w+\)\w|%\w")


class Messages(ProducerPE):
    """``{"language": code, "text": …}``, each translation of each message."""

    def _process(self, inputs: Any) -> Iterator[dict[str, str]]:
        package = importlib.util.find_spec("wtforms")
        if package is None or package.origin is None:
            raise RuntimeError("the messages come with the package WTForms: pip install 'sferic[topologies]'")
        for path in sorted(Path(package.origin).parent.glob("locale/*/LC_MESSAGES/*.mo")):
            with path.open("rb") as file:
                catalog = gettext.GNUTranslations(file)
            texts: dict[Any, str] = vars(catalog)["_catalog"]
            for _, text in sorted((repr(key), text) for key, text in texts.items() if key):
                yield {"language": path.parts[-3], "text": text}


class Sentences(IterativePE):
    """Keeps messages of three words or more, without their placeholders."""

    stateless = True

    def _process(self, data: dict[str, str]) -> dict[str, str] | None:
        text = PLACEHOLDER.sub(" ", data["text"])
        return {**data, "text": text} if len(WORD.findall(text)) >= 3 else None


class CountWords(IterativePE):
    """``(word, count)`` at the end; several instances may each know of a part."""

    numprocesses = 2

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def _process(self, data: dict[str, str]) -> None:
        self.counts.update(word.lower() for word in WORD.findall(data["text"]))

    def postprocess(self) -> None:
        for pair in self.counts.items():
            self.write("output", pair)


class CountLanguages(IterativePE):
    """``(language, messages)`` at the end."""

    numprocesses = 2

    def __init__(self) -> None:
        super().__init__()
        self.inputconnections["input"]["grouping"] = ["language"]
        self.counts: Counter[str] = Counter()

    def _process(self, data: dict[str, str]) -> None:
        self.counts[data["language"]] += 1

    def postprocess(self) -> None:
        for pair in self.counts.items():
            self.write("output", pair)


class Statistics(GenericPE):
    """The ten most frequent of both, as ``(kind, name, count)``."""

    def __init__(self) -> None:
        super().__init__()
        self.add_input("words", grouping="global")
        self.add_input("languages", grouping="global")
        self.add_output("ranks")
        self.counts: dict[str, Counter[str]] = {"words": Counter(), "languages": Counter()}

    def process(self, inputs: dict[str, tuple[str, int]]) -> None:
        for kind, (name, count) in inputs.items():
            self.counts[kind][name] += count

    def postprocess(self) -> None:
        for kind, counts in self.counts.items():
            for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:10]:
                self.write("ranks", (kind, name, count))


def build() -> WorkflowGraph:
    """The workflow."""
    graph = WorkflowGraph("languages")
    sentences, words, languages, statistics = Sentences(), CountWords(), CountLanguages(), Statistics()
    graph.connect(Messages(), "output", sentences, "input")
    graph.connect(sentences, "output", words, "input")
    graph.connect(sentences, "output", languages, "input")
    graph.connect(words, "output", statistics, "words")
    graph.connect(languages, "output", statistics, "languages")
    return graph

"""The text that is counted: the same for all, made from nothing but this file."""

import random
from collections import Counter
from pathlib import Path

SENTENCES = 2_000
WORDS = 10  # a sentence
_VOCABULARY = 5_000


def sentences() -> list[str]:
    """Words of two to ten letters, frequent ones as frequent as Zipf has it."""
    chance = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 10))) for _ in range(_VOCABULARY)]
    weights = [1 / place for place in range(1, _VOCABULARY + 1)]
    return [" ".join(chance.choices(words, weights, k=WORDS)) for _ in range(SENTENCES)]


def write_text(folder: Path) -> None:
    """To `text`, a sentence a line."""
    (folder / "text").write_text("".join(f"{sentence}\n" for sentence in sentences()))


def expected(repeats: int) -> Counter[str]:
    """The counts, from a plain loop."""
    once: Counter[str] = Counter()
    for sentence in sentences():
        for word in sentence.split():
            once[word] += 1
    return Counter({word: count * repeats for word, count in once.items()})

"""languages, against a plain loop over the same messages."""

import gettext
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import wtforms

ROOT = Path(__file__).resolve().parents[2]


def plain_loop():
    words, languages = Counter(), Counter()
    locales = Path(wtforms.__file__).parent / "locale"
    for folder in sorted(locales.iterdir()):
        path = folder / "LC_MESSAGES" / "wtforms.mo"
        if not path.is_file():
            continue
        with path.open("rb") as file:
            catalog = gettext.GNUTranslations(file)._catalog
        for key, text in catalog.items():
            found = re.findall(r"[^\W\d_]{2,}", re.sub(r"%\(\w+\)\w|%\w", " ", text))
            if key and len(found) > 2:
                languages[folder.name] += 1
                for word in found:
                    words[word.lower()] += 1
    return [
        [kind, name, count]
        for kind, counts in (("words", words), ("languages", languages))
        for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    ]


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
def test_ranks(on):
    command = [sys.executable, "-m", "sferic.cli", "run", "topologies/languages.py", "--on", on, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert [json.loads(line)["value"] for line in done.stdout.splitlines()] == plain_loop()


@pytest.mark.parametrize("mode", ["batch", "dstream"])
def test_ranks_on_spark(on_spark, mode):
    assert on_spark("topologies/languages.py", "--mode", mode) == plain_loop()

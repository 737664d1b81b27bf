"""The README's figures are those that `make bench` wrote last."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("bench_readme", ROOT / "bench" / "readme.py")
readme = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(readme)


def test_the_pages_hold_the_figures_of_results_json():
    for page, text in readme.pages(json.loads(readme.RESULTS.read_text())).items():
        assert page.read_text() == text, "run: python -m bench.readme"


ROW = {"name": "row", "peer": "a|b", "peer_value": None, "ours": 1234.56, "unit": "items/s", "ratio": 2.3456,
       "bar": "≥ 3", "reached": False, "spread": ""}  # fmt: skip


def test_a_row():
    line = readme.figures([ROW]).splitlines()[-1]
    assert line == "| row | a\\|b |  | 1,235 | items/s | 2.35 | ≥ 3 | **no** |"


def test_what_targets_take_is_a_table_of_its_own():
    of_targets = [
        {**ROW, "name": "target start", "peer": "(multi)", "ours": 0.25},
        {**ROW, "name": "target words", "peer": "(multi)", "ours": 1e6},
        {**ROW, "name": "target p50", "peer": "(spark, batch)", "ours": 2.5},
    ]
    assert readme.figures([ROW, *of_targets]) == readme.figures([ROW])
    assert readme.targets([ROW, *of_targets]).splitlines() == [
        "|  | first item, s | p50, ms | p99, ms | words/s |",
        "| --- | --- | --- | --- | --- |",
        "| multi | 0.25 | – | – | 1,000,000 |",
        "| spark, batch | – | 2.5 | – | – |",
    ]


def test_only_what_is_between_the_markers_changes():
    page = f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n"
    assert readme.with_figures(page, "new\n") == f"before\n{readme.BEGIN}\nnew\n{readme.END}\nafter\n"
    with pytest.raises(ValueError, match="markers|hold"):
        readme.with_figures("no markers", "new\n")

"""The README's figures are those that `make bench` wrote last."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("bench_readme", ROOT / "bench" / "readme.py")
readme = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(readme)


def test_the_readme_holds_the_figures_of_results_json():
    page = (ROOT / "README.md").read_text()
    rows = json.loads((ROOT / "bench" / "results.json").read_text())
    assert page == readme.with_figures(page, readme.figures(rows)), "run: python -m bench.readme"


ROW = {"name": "row", "peer": "a|b", "peer_value": None, "ours": 1234.56, "unit": "items/s", "ratio": 2.3456,
       "bar": "≥ 3", "reached": False, "spread": ""}  # fmt: skip


def test_a_row():
    line = readme.figures([ROW]).splitlines()[-1]
    assert line == "| row | a\\|b |  | 1,235 | items/s | 2.35 | ≥ 3 | **no** |"


def test_only_what_is_between_the_markers_changes():
    page = f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n"
    assert readme.with_figures(page, "new\n") == f"before\n{readme.BEGIN}\nnew\n{readme.END}\nafter\n"
    with pytest.raises(ValueError, match="markers|hold"):
        readme.with_figures("no markers", "new\n")

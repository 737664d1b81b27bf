"""What `dispel4py.visualisation` has."""

import importlib
import sys
from typing import Any

from sferic.runtime.compat.dot import draw, drawDot

__all__ = ["display", "draw", "drawDot"]


def display(graph: Any) -> None:
    """Show `graph` as a picture in a notebook, as text in the language of Graphviz anywhere else."""
    if "IPython" not in sys.modules or importlib.import_module("IPython").get_ipython() is None:
        sys.stdout.write(draw(graph))
        return
    importlib.import_module("IPython.display").display_png(drawDot(graph), raw=True)

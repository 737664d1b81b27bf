"""A workflow in the language of Graphviz."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sferic.runtime.workflow import CompositePE

_LEFT, _RIGHT = "{", "}"
_SPECIAL = str.maketrans({one: f"\\{one}" for one in '\\"{}|<> '})


def draw(graph: Any) -> str:
    """`graph` (a WorkflowGraph of either kind) as a digraph: a record a PE, its ports in it, a cluster a composite."""
    lines = ["digraph request {", "node [shape=Mrecord, style=filled, fillcolor=white];"]
    ids: dict[int, str] = {}
    lines += _inside(graph, ids)
    return "\n".join([*lines, "}", ""])


def drawDot(graph: Any, img_type: str = "png") -> bytes:  # noqa: N802 - dispel4py's name
    """The picture that Graphviz's `dot` makes of it; RuntimeError where there is no `dot`."""
    try:
        done = subprocess.run(["dot", "-T", img_type], input=draw(graph).encode(), capture_output=True, check=True)  # noqa: S607 - wherever the user has it
    except FileNotFoundError as error:
        raise RuntimeError(
            "no picture without Graphviz: install it so that `dot` is on the PATH; draw(graph) gives the text for it"
        ) from error
    return done.stdout


def write_image(graph: Any, filename: str, img_type: str = "png") -> None:
    """Write the picture to a file."""
    Path(filename).write_bytes(drawDot(graph, img_type))


def _inside(graph: Any, ids: dict[int, str]) -> Iterator[str]:
    for added in graph.added.values():
        pe = added.pe
        ids[id(pe)] = f"pe{len(ids)}"
        if isinstance(pe, CompositePE):
            yield f"subgraph cluster_{ids[id(pe)]} {_LEFT}"
            yield f'label = "{_text(pe.called_after())}"; style=filled; fillcolor=lightgrey;'
            yield from _inside(pe.subgraph, ids)
            yield _RIGHT
        else:
            yield f'{ids[id(pe)]}[label="{_record(pe)}"];'
    for made in graph.connections:
        for source, source_port in _ends(made.source, made.source_port, "outputmappings"):
            for target, target_port in _ends(made.target, made.target_port, "inputmappings"):
                yield (f'{ids[id(source)]}:"out_{_text(source_port)}" -> {ids[id(target)]}:"in_{_text(target_port)}";')


def _record(pe: Any) -> str:
    inputs = "|".join(f"<in_{_text(name)}>{_text(name)}" for name in pe.inputconnections)
    outputs = "|".join(f"<out_{_text(name)}>{_text(name)}" for name in pe.outputconnections)
    parts = (f"{_LEFT}{inputs}{_RIGHT}" if inputs else "", _text(pe.id or type(pe).__name__))
    return f"{_LEFT}{'|'.join(filter(None, (*parts, f'{_LEFT}{outputs}{_RIGHT}' if outputs else '')))}{_RIGHT}"


def _ends(pe: Any, port: str, mappings: str) -> list[tuple[Any, str]]:
    if not isinstance(pe, CompositePE):
        return [(pe, port)]
    return [end for inner, name in getattr(pe, mappings).get(port, ()) for end in _ends(inner, name, mappings)]


def _text(text: object) -> str:
    return str(text).translate(_SPECIAL)

"""What a workflow was compiled to, and why, for people and for programs."""

from dataclasses import asdict
from typing import Any

from sferic.compiler.pipeline import Compiled
from sferic.runtime.plan import RESULTS, Link


def explain_text(compiled: Compiled) -> str:
    """Sections: PEs, connections, stages, links, files."""
    plan = compiled.plan
    lines = [f"Workflow {plan.name}", "", "PEs, and why so many instances"]
    lines += [
        f"  {n.path}: {n.instances}" + (f" ({n.instances_why})" if n.instances_why else "")
        for n in compiled.graph.nodes
    ]
    lines += ["", "Connections, fused or not"]
    for verdict in compiled.verdicts:
        edge = verdict.edge
        what = "fused" if verdict.fused else "apart"
        lines.append(f"  {edge.source}.{edge.source_port} → {edge.target}.{edge.target_port}: {what}: {verdict.why}")
    lines += ["", "Stages, each a process an instance"]
    lines += [f"  {stage.id} × {stage.instances}: {', '.join(pe.path for pe in stage.pes)}" for stage in plan.stages]
    lines += ["", "Links, each a hop between processes"]
    lines += [f"  {_link(link)}" for link in plan.links]
    lines += ["", "Files that travel"]
    lines += [f"  {path}  {digest[:12]}" for path, digest in plan.definition.files] or ["  none"]
    return "\n".join(lines)


def _link(link: Link) -> str:
    to = "results" if link.to_stage == RESULTS else f"{link.to_pe}.{link.to_port}"
    fields = f" {list(link.routing.fields)}" if link.routing.fields else ""
    return f"{link.id}: {link.from_pe}.{link.from_port} → {to}: {link.routing.kind}{fields}, {link.codec} codec"


def explain_json(compiled: Compiled) -> dict[str, Any]:
    """The same as data."""
    return {
        "pes": [asdict(node) for node in compiled.graph.nodes],
        "connections": [asdict(verdict) for verdict in compiled.verdicts],
        "plan": asdict(compiled.plan),
    }

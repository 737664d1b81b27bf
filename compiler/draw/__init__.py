"""Pictures of graphs and plans."""

from sferic.compiler.draw.picture import Arrow, Box, Group, Picture, picture_of_graph, picture_of_plan
from sferic.compiler.draw.svg import svg
from sferic.compiler.draw.texts import dot, mermaid

__all__ = ["Arrow", "Box", "Group", "Picture", "dot", "mermaid", "picture_of_graph", "picture_of_plan", "svg"]

"""Pictures as DOT and as Mermaid, for tools that lay them out themselves."""

from sferic.compiler.draw.picture import Box, Picture, boxes_of


def dot(picture: Picture) -> str:
    """A digraph for Graphviz."""
    names = _names(picture)
    boxes = {box.key: f"{names[box.key]} [{', '.join(_looks(box))}];" for box in picture.boxes}
    lines = [f"digraph {_quoted(picture.title)} {{", "  node [shape=box, style=rounded];"]
    for index, group in enumerate(picture.groups):
        lines += [f"  subgraph cluster_{index} {{", f"    label={_quoted(group.title)};"]
        lines += [f"    {boxes.pop(box.key)}" for box in boxes_of(picture, group)]
        lines.append("  }")
    lines += [f"  {text}" for text in boxes.values()]
    for arrow in picture.arrows:
        looks = [f"label={_quoted(arrow.label)}"] if arrow.label else []
        looks += ["style=bold"] if arrow.hop else []
        how = f" [{', '.join(looks)}]" if looks else ""
        lines.append(f"  {names[arrow.source]} -> {names[arrow.target]}{how};")
    return "\n".join([*lines, "}", ""])


def mermaid(picture: Picture) -> str:
    """A flowchart for Mermaid, which web pages and READMEs show."""
    names = _names(picture)
    boxes: dict[str, str] = {}
    for box in picture.boxes:
        text = "<br/>".join(map(_entities, _told(box)))
        boxes[box.key] = f'{names[box.key]}(["{text}"])' if box.quiet else f'{names[box.key]}["{text}"]'
    lines = ["flowchart TD"]
    for index, group in enumerate(picture.groups):
        lines.append(f'  subgraph g{index}["{_entities(group.title)}"]')
        lines += [f"    {boxes.pop(box.key)}" for box in boxes_of(picture, group)]
        lines.append("  end")
    lines += [f"  {text}" for text in boxes.values()]
    for arrow in picture.arrows:
        line = "==>" if arrow.hop else "-->"
        label = f'|"{_entities(arrow.label)}"|' if arrow.label else ""
        lines.append(f"  {names[arrow.source]} {line}{label} {names[arrow.target]}")
    return "\n".join([*lines, ""])


def _names(picture: Picture) -> dict[str, str]:
    return {box.key: f"n{index}" for index, box in enumerate(picture.boxes)}


def _told(box: Box) -> list[str]:
    return [text for text in (box.title, box.note) if text]


def _looks(box: Box) -> list[str]:
    return [f"label={_quoted(*_told(box))}", *(['style="rounded,dashed"'] if box.quiet else [])]


def _quoted(*lines: str) -> str:
    escaped = [line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") for line in lines]
    return '"' + "\\n".join(escaped) + '"'


def _entities(text: str) -> str:
    """Whatever could mean something to Mermaid, or to HTML, as the number of its character."""
    return "".join(c if c.isalnum() or c in " _-./,:×→…" else f"#{ord(c)};" for c in text)

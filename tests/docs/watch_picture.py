"""Draws docs/watch.svg: what `sferic status NAME --watch` shows of a topology on this machine's cluster.

python tests/docs/watch_picture.py NAME > docs/watch.svg
"""

import io
import sys
import time

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from sferic.cluster import development
from sferic.cluster.nimbus import connect
from sferic.cluster.status import look
from sferic.cluster.watch import table

PAPER, INK, RED, GREY = (250, 251, 252), (31, 41, 51), (176, 32, 32), (90, 100, 110)
# As rich's own, but for fonts that would be loaded from elsewhere.
SVG = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>sferic status NAME --watch</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: ui-sans-serif, system-ui, sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def main(name):
    with connect(development.reach(development.home())) as nimbus:
        before = look(nimbus, name, None)
        time.sleep(4)  # rates are over as long
        said = look(nimbus, name, before)
    console = Console(record=True, width=112, file=io.StringIO())
    console.print(table(said))
    theme = TerminalTheme(PAPER, INK, [INK, RED, INK, INK, INK, INK, INK, GREY])
    title = f"sferic status {name} --watch"
    sys.stdout.write(console.export_svg(title=title, theme=theme, code_format=SVG, unique_id="w"))


if __name__ == "__main__":
    main(*sys.argv[1:])

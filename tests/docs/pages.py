"""The pages for users, and the blocks in them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MANUAL = sorted((ROOT / "docs" / "manual").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "docs" / "contributing.md", *MANUAL]

_FENCE = re.compile(r"^\s*(`{3,}|~{3,})(.*)$")
_FILE = re.compile(r"# file: (\S+)( \(for the command\))?\n")
KINDS = ("python", "console", "yaml")


class UnknownBlock(ValueError):  # noqa: N818 - names the situation
    """A block that no test would run; the text says where."""


def blocks(text, page="page"):
    """[(kind, text, line)] of every fenced block. Kinds are

    python   a file; one that begins with ``# file: NAME`` gets this name, so that later blocks can use it; one that
             says ``(for the command)`` behind it is not run by Python, but by the session that follows
    console  a session: lines that begin with ``$`` are commands, what follows is all they write to stdout, where
             ``…`` stands for anything in a line, and alone in a line for any lines
    yaml     a file, which begins with ``# file: NAME``
    """
    found, inside, began, kind = [], None, 0, ""
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        fence = _FENCE.match(line)
        if inside is None and fence:
            kind, inside, began = fence[2].strip(), [], number
            if kind not in KINDS or line != f"```{kind}\n":
                raise UnknownBlock(f"{page}:{number}: a block of kind {kind!r}; known are {', '.join(KINDS)}")
        elif inside is not None and line.rstrip() == "```":
            text = "".join(inside)
            if kind == "yaml" and not _FILE.match(text):
                raise UnknownBlock(f"{page}:{began}: a block of YAML that is no file: # file: NAME")
            found.append((kind, text, began))
            inside = None
        elif inside is not None:
            inside.append(line)
    if inside is not None:
        raise UnknownBlock(f"{page}:{began}: a block that does not end")
    return found


def file_name(text):
    """The name a block's file is to have."""
    named = _FILE.match(text)
    return named[1] if named else "block.py"


def for_the_command(text):
    """Is this file only to be run by a command?"""
    named = _FILE.match(text)
    return bool(named and named[2])


def steps(text):
    """[(command, what it is to write)] of a console block."""
    before, *said = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert not before and said, "a console block begins with a command"
    return [(one.partition("\n")[0], one.partition("\n")[2]) for one in said]


def fits(said, expected):
    """Did a command write what the page says?"""
    pattern = ""
    for line in expected.splitlines(keepends=True):
        if line == "…\n":
            pattern += r"(?:.*\n)*"
        else:
            pattern += "[^\n]*".join(re.escape(part) for part in line.split("…"))
    return re.fullmatch(pattern, said) is not None


def section(text, title):
    """The part of a page below a heading, up to the next of its level or above."""
    level = title.partition(" ")[0]
    found = re.search(rf"^{re.escape(title)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no heading {title!r}"
    return found[1]


def rows(text):
    """The cells of the first table in `text`, without its head."""
    lines = [line for line in text.splitlines()]
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    table = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return table[2:]


def frame_types(text):
    """{name: number} of every frame in the tables of docs/frames.md."""
    return {name: int(number, 16) for number, name in re.findall(r"^\| (0x\w\w) \| (\w+) \|", text, re.MULTILINE)}


def event_keys(text):
    """{event: (keys it has, keys it may have)} of every event in the tables of docs/frames.md."""
    told = {}
    for name, cell in re.findall(r"^\| `(\w+)` \| (.*) \|$", section(text, "### EVENT"), re.MULTILINE):
        if not cell.startswith("As above"):
            always, _, sometimes = re.sub(r"\([^()]*\)", "", cell).partition(" also ")
            told[name] = tuple(set(re.findall(r"`(\w+)`", part)) for part in (always, sometimes))
    return told

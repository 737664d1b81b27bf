"""What Python 2 left in a file that keeps it from loading: which line, and the change that makes it Python 3."""

import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

_MOST: Final = 100  # changes that are told of one file

_SYNTAX: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), change)
    for pattern, change in (
        (r"^(\s*)print\s*>>\s*([^,]+),\s*(.+?)\s*$", r"\1print(\3, file=\2)"),
        (r"^(\s*)print\s*>>\s*([^,]+?)\s*$", r"\1print(file=\2)"),
        (r"^(.*?\bexcept\s+[^,:()]+|.*?\bexcept\s*\([^)]*\)),\s*(\w+)\s*:", r"\1 as \2:"),
        (r"^(\s*|.*?[:;]\s*)exec\s+(.+?)\s+in\s+([^,]+?),\s*(.+?)\s*$", r"\1exec(\2, \3, \4)"),
        (r"^(\s*|.*?[:;]\s*)exec\s+(.+?)\s+in\s+(.+?)\s*$", r"\1exec(\2, \3)"),
        (r"^(\s*|.*?[:;]\s*)exec\s+(?!\()(.+?)\s*$", r"\1exec(\2)"),
        (r"^(\s*|.*?[:;]\s*)raise\s+([\w.]+)\s*,\s*([^,]+?)\s*,\s*(.+?)\s*$", r"\1raise \2(\3).with_traceback(\4)"),
        (r"^(\s*|.*?[:;]\s*)raise\s+([\w.]+)\s*,\s*(.+?)\s*$", r"\1raise \2(\3)"),
        (r"`([^`]+)`", r"repr(\1)"),
        (r"<>", "!="),
        (r"\b[uU][rR](?=['\"])", "r"),
        (r"\b0+([0-7]+)[lL]?\b(?!\.)", r"0o\1"),
        (r"\b(\d+|0[xX][0-9a-fA-F]+)[lL]\b", r"\1"),
        (r"^(\s*def\s+\w+\s*\((?:.*,)?\s*)\(([^()]*)\)(.*)$", r"\1pair\3  # and then: \2 = pair"),
        (r"^(.*?\blambda\s+)\(([^()]*)\)\s*:(.*)$", r"\1pair:\3  # \2 are pair[0], pair[1]"),
    )
)
_PRINT: Final = re.compile(r"^(.*?)\bprint\b[ \t]*(?!\s*[=.(])(.*?)(,?)\s*(#.*)?$")

_QUIET: Final = re.compile(r"^\s*print\s*(>>.*)?$")

_NAMES: Final = {
    "basestring": "str",
    "cmp": "(a > b) - (a < b)",
    "execfile": "exec(open(name).read())",
    "file": "open",
    "long": "int",
    "raw_input": "input",
    "reduce": "functools.reduce",
    "reload": "importlib.reload",
    "unichr": "chr",
    "unicode": "str",
    "xrange": "range",
}
_ATTRIBUTES: Final = {
    "has_key": "`key in …`",
    "iteritems": "items",
    "iterkeys": "keys",
    "itervalues": "values",
    "func_name": "__name__",
    "letters": "ascii_letters",
    "maxint": "maxsize",
    "next": "next(…)",
}
_MODULES: Final = {
    "BaseHTTPServer": "http.server",
    "ConfigParser": "configparser",
    "HTMLParser": "html.parser",
    "Queue": "queue",
    "StringIO": "io",
    "__builtin__": "builtins",
    "cPickle": "pickle",
    "cStringIO": "io",
    "commands": "subprocess",
    "httplib": "http.client",
    "sets": "the built-in set",
    "urllib2": "urllib.request",
    "urlparse": "urllib.parse",
}
_MOVED: Final = {
    "izip": "the built-in zip",
    "imap": "the built-in map",
    "ifilter": "the built-in filter",
    "izip_longest": "itertools.zip_longest",
    "urlopen": "urllib.request.urlopen",
    "urlencode": "urllib.parse.urlencode",
    "quote": "urllib.parse.quote",
    "maketrans": "str.maketrans",
}


def advice(error: BaseException) -> str:
    """Lines of ``file:line: what … write …`` for an error that Python 2 left; empty for any other."""
    if isinstance(error, SyntaxError):
        return "\n".join(_syntax(error))
    where = _place(error)
    found = python2_name(error) or _beside(error, where)
    return f"{where}: Python 2: {found}" if found and where else ""


def python2_name(error: BaseException) -> str:
    """What to write in place of a name that Python 3 does not have; empty for any other error."""
    name = getattr(error, "name", None)
    if isinstance(error, NameError) and name in _NAMES:
        return f"in place of {name} write {_NAMES[name]}"
    if isinstance(error, AttributeError) and name in _ATTRIBUTES:
        return f"in place of .{name} write {_ATTRIBUTES[name]}"
    if isinstance(error, ModuleNotFoundError) and name in _MODULES:
        return f"the module {name} is now {_MODULES[name]}"
    if isinstance(error, ImportError) and not isinstance(error, ModuleNotFoundError):
        moved = re.match(r"cannot import name '(\w+)'", str(error))
        if moved and moved[1] in _MOVED:
            return f"{moved[1]} is now {_MOVED[moved[1]]}"
    return ""


def _beside(error: BaseException, where: str) -> str:
    """Python 2 looked for modules in the folder of the package that imports them first."""
    name = str(getattr(error, "name", ""))
    if not isinstance(error, ModuleNotFoundError) or not name.isidentifier():
        return ""
    if not (Path(where.rpartition(":")[0]).parent / f"{name}.py").is_file():
        return ""
    return f"{name}.py is beside this file: write `from . import {name}`, or `from .{name} import …`"


def _place(error: BaseException) -> str:
    """The last line of a user's file that the error went through."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if not code.co_filename.startswith("<") and not str(trace.tb_frame.f_globals.get("__name__")).startswith(
            "sferic."
        ):
            place = f"{code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _syntax(error: SyntaxError) -> Iterator[str]:
    """A line for each change of the file, as long as one makes the next one seen."""
    path = Path(error.filename or "")
    if not path.is_file():
        return
    try:
        with tokenize.open(path) as file:
            lines = file.read().splitlines()
    except (SyntaxError, UnicodeDecodeError):
        yield f"{path}:1: not UTF-8: save it so, or name its encoding in the first line: # -*- coding: latin-1 -*-"
        return
    changes: dict[int, str] = {}
    at: SyntaxError | None = error
    for _ in range(_MOST):
        change = None if at is None else _change(lines, at)
        if change is None:
            break
        number, line, what = change
        lines[number - 1] = line
        changes[number] = what or f"write  {line.strip()}"
        at = _compiled(lines, path)
    for number, line in enumerate(lines, 1) if changes else ():
        if _QUIET.match(line):  # Python 3 reads it as something else, which does not print
            changes[number] = f"write  {_rewritten(line).strip()}"
    yield from (f"{path}:{number}: Python 2: {change}" for number, change in sorted(changes.items()))
    if at is not None and at is not error:
        yield f"{path}:{at.lineno}: {at.msg}"


def _rewritten(line: str) -> str:
    return next((new for rewrite in _REWRITES if (new := rewrite(line)) != line), line)


def _compiled(lines: list[str], path: Path) -> SyntaxError | None:
    try:
        compile("\n".join(lines) + "\n", str(path), "exec")
    except SyntaxError as error:
        return error
    return None


def _change(lines: list[str], error: SyntaxError) -> tuple[int, str, str] | None:
    """(number, the line as it should be, what to say in place of it) for the line that is wrong."""
    number = error.lineno or 1
    if number > len(lines):
        return None
    if isinstance(error, TabError) or (isinstance(error, IndentationError) and _tabs(lines)):
        return _untabbed(lines, number)
    for candidate in (number, number - 1):
        if candidate < 1:
            continue
        line = _rewritten(lines[candidate - 1])
        if line != lines[candidate - 1]:
            return candidate, line, ""
    return None


def _tabs(lines: list[str]) -> bool:
    return any("\t" in line[: len(line) - len(line.lstrip())] for line in lines)


def _untabbed(lines: list[str], number: int) -> tuple[int, str, str]:
    """Python 2 took a tab for as many spaces as lead to the next multiple of 8: so does the whole file from here."""
    for index, line in enumerate(lines):
        indent = line[: len(line) - len(line.lstrip())]
        lines[index] = indent.expandtabs(8) + line.lstrip()
    return number, lines[number - 1], "tabs and spaces are mixed; turn the file's tabs into 8 spaces (expand -i -t 8)"


def _printed(line: str) -> str:
    found = _PRINT.match(line)
    if found is None or (found[1].strip() and not found[1].rstrip().endswith((":", ";"))):
        return line
    before, what, comma, comment = found.groups()
    inside = ", ".join(filter(None, (what, 'end=" "' if comma else "")))
    return f"{before}print({inside}){'  ' + comment if comment else ''}"


def _pattern(pattern: re.Pattern[str], change: str) -> Callable[[str], str]:
    return lambda line: pattern.sub(change, line)


_REWRITES: Final = (*(_pattern(*pair) for pair in _SYNTAX[:2]), _printed, *(_pattern(*pair) for pair in _SYNTAX[2:]))

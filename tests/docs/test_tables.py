"""Tables in the manual that say what the code says: options of the commands, settings of a PE."""

import importlib.util
import re
from pathlib import Path

import click
import pytest

import sferic
from sferic.api import Results
from sferic.cli import main
from sferic.cluster.jars import COMPILER, STORM_VERSION, pinned
from sferic.compiler.frontend import yaml_model
from sferic.runtime.observe import KEPT
from sferic.runtime.settings import BatchLimits, Settings

_spec = importlib.util.spec_from_file_location("pages", Path(__file__).with_name("pages.py"))
pages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pages)

CLI = (pages.ROOT / "docs" / "manual" / "cli.md").read_text()
DEFINITIONS = (pages.ROOT / "docs" / "manual" / "definitions.md").read_text()
LIGHT = (pages.ROOT / "docs" / "manual" / "light.md").read_text()
YAML = (pages.ROOT / "docs" / "manual" / "yaml.md").read_text()
DATA = (pages.ROOT / "docs" / "manual" / "data.md").read_text()


def option_rows(command):
    """What the table of a command has to say: names, values, default."""
    found = []
    for option in command.params:
        if isinstance(option, click.Option) and option.name != "help":
            names = ", ".join(f"`{name}`" for name in option.opts)
            found.append([names, values(option), default(option)])
    return found


def values(option):
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return ", ".join(f"`{choice}`" for choice in option.type.choices)
    if isinstance(option.type, click.IntRange):
        return f"a number, at least {option.type.min}"
    if isinstance(option.type, click.Path):
        return "a folder" if option.type.file_okay is False else "a file"
    return option.metavar if option.metavar else "text"


def default(option):
    if option.required:
        return "must be given"
    said = isinstance(option.default, str) or option.show_default
    return f"`{option.default}`" if said else ""


@pytest.mark.parametrize("name", main.commands)
def test_options(name):
    section = pages.section(CLI, f"## sferic {name}")
    expected = option_rows(main.commands[name])
    table = pages.rows(section)
    assert sorted(row[:3] for row in table) == sorted(expected)
    assert all(row[3] for row in table), "an option without a word about it"


def test_every_command_has_its_section():
    told = [line.removeprefix("## sferic ") for line in CLI.splitlines() if line.startswith("## sferic ")]
    assert sorted(told) == sorted(main.commands)


def shown(name, value):
    if isinstance(value, BatchLimits):
        return f"`{value}`"
    return "" if value is None else f"`{value}`"


def test_settings():
    table = pages.rows(pages.section(DEFINITIONS, "## Settings"))
    defaults = Settings()
    names = [name for name in Settings.__slots__]
    expected = [[f"`{name}`", shown(name, getattr(defaults, name))] for name in names]
    expected.append(["`optional`", f"`{sferic.GenericPE.optional}`"])
    assert sorted([row[0], row[2]] for row in table) == sorted(expected)


def keys(title):
    rows = pages.rows(pages.section(YAML, "## Keys").partition(title)[2])
    return {name for row in rows for name in re.findall(r"`(\w+)`", row[0])}


def test_keys_of_yaml():
    assert keys("\n") == {one.alias or name for name, one in yaml_model.Workflow.model_fields.items()}
    assert keys("Of a connection:") == {one.alias or name for name, one in yaml_model.Connection.model_fields.items()}
    own = {one.alias or name for name, one in yaml_model.PE.model_fields.items()} - {*Settings.__slots__, "optional"}
    assert keys("Of a PE:") == own | {"numprocesses", "retries"}


def test_steps_of_the_light_way():
    told = set(re.findall(r"^\| `(?:wf|stream)\.(\w+)\(", LIGHT, re.MULTILINE))
    steps = {name for kind in (sferic.Workflow, sferic.Stream) for name in vars(kind) if not name.startswith("_")}
    slots = {"workflow", "ends", "instances", "pe"}
    assert told == steps - slots - {"flaw", "lead_to"}


def test_storm_is_of_the_version_and_size_that_the_pages_say():
    targets = (pages.ROOT / "docs" / "manual" / "targets.md").read_text()
    assert f"(version {STORM_VERSION})" in targets
    size = sum(pin.size for pin in pinned() if not pin.name.startswith(COMPILER)) / 1e6
    said = [found for page in pages.PAGES for found in re.findall(r"(\d+) MB", page.read_text())]
    assert said
    assert set(said) == {f"{size:.0f}"}


def test_limits_of_a_batch():
    limits = BatchLimits()
    assert f"{limits.items} items, {limits.bytes >> 20} MiB, {limits.linger * 1000:g} ms" in DEFINITIONS


def test_how_many_failures_are_kept():
    assert f"the first {KEPT:,} of them" in DEFINITIONS
    assert f"the first {KEPT:,} of them" in Results.__doc__
    assert f"They are the first\n{KEPT:,}" in (pages.ROOT / "docs" / "manual" / "failures.md").read_text()


def test_public_names_are_all_told():
    told = DEFINITIONS + DATA + LIGHT
    for name in sferic.__all__:
        assert f"`{name}" in told or f"`sferic.{name}" in told, name

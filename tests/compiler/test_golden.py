"""What `compile --to storm` and `explain` write for a shipped workflow, as text: a change here is seen by users."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sferic.compiler.explain import explain_json, explain_pass, explain_text
from sferic.compiler.pipeline import Options, compile_plan
from sferic.runtime.loading import load_graph

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
SHA = re.compile(r"\b[0-9a-f]{64}\b")


def options_of(**said):
    """Those that the command line gives for topologies/languages.py; its file has one digest for all times."""
    fixed = {"target": "storm", "definition": "languages.py", "files": (("languages.py", "0" * 64),)}
    return Options(**fixed, root=str(ROOT / "topologies"), **said)


def compiled(options):
    return compile_plan(load_graph("languages.py", {}, ROOT / "topologies"), options)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The artefact of topologies/languages.py, as the command writes it."""
    out = tmp_path_factory.mktemp("golden") / "out"
    command = [sys.executable, "-m", "sferic.cli", "compile", "topologies/languages.py", "--to", "storm"]
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    subprocess.run([*command, "-n", "9", "-o", out], cwd=ROOT, env=environment, check=True, capture_output=True)
    return out


def test_the_topology(folder, golden):
    golden(GOLDEN / "languages" / "topology.py", (folder / "topology.py").read_text())


def test_the_generated_topology_is_clean(folder):
    for command in (["check", "--select", "A,ANN,B,E,F,I,N,RET,SIM,UP,W"], ["format", "--check"]):
        whole = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", "--line-length", "120"]
        done = subprocess.run([*whole, folder / "topology.py"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_config(folder, golden):
    config = json.loads((folder / "config.json").read_text())
    config["sferic.about"]["build"] = "SHA256"  # of all that is in the jar: another one with every change of ours
    golden(GOLDEN / "languages" / "config.json", json.dumps(config, indent=1, sort_keys=True) + "\n")


def test_the_plan(folder, golden):
    golden(GOLDEN / "languages" / "plan.json", SHA.sub("SHA256", (folder / "plan.json").read_text()))


def test_the_manifest(folder, golden):
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    # Our own classes and modules come and go with versions; one of each stands for them.
    ours = re.compile(
        r"sferic/(?!Main\.class).*\.class|resources/sferic/(?!__init__\.py|runtime/worker\.py|sources\.py).*"
    )
    manifest["files"] = {path: sha for path, sha in manifest["files"].items() if not ours.fullmatch(path)}
    golden(GOLDEN / "languages" / "MANIFEST.json", SHA.sub("SHA256", json.dumps(manifest, indent=1)) + "\n")


@pytest.mark.parametrize(
    ("name", "said"),
    [("usual", {}), ("many", {"processes": 9}), ("trusted", {"codec": "trusted", "fuse": "none"})],
)
def test_explained(name, said, golden):
    options = options_of(**said)
    golden(GOLDEN / "explain" / f"{name}.txt", explain_text(compiled(options), options) + "\n")


def keys(value, path=""):
    """Every key of nested data, with the type of what it holds."""
    if isinstance(value, dict):
        return {one for key, inner in value.items() for one in keys(inner, f"{path}.{key}")} or {f"{path} empty"}
    if isinstance(value, list):
        return {one for inner in value for one in keys(inner, f"{path}[]")} or {f"{path} list"}
    return {f"{path} {type(value).__name__}"}


def test_keys_of_the_explanation_as_data(golden):
    options = options_of()
    told = explain_json(compiled(options), options)
    text = "\n".join(sorted(keys(json.loads(json.dumps(told))))) + "\n"
    golden(GOLDEN / "explain" / "keys.txt", text)


@pytest.mark.parametrize("name", ["read", "codecs", "plan"])
def test_keys_of_a_pass_as_data(name, golden):
    options = options_of()
    told = explain_pass(compiled(options), options, name, as_json=True)
    text = "\n".join(sorted(keys(json.loads(json.dumps(told))))) + "\n"
    golden(GOLDEN / "explain" / f"keys-{name}.txt", text)

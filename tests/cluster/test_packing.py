"""Packages that travel. Every wheel here is written by the test: pip asks no index."""

import hashlib
import importlib.util
import json
import stat
import sys
import zipfile
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

import sferic
from sferic import __version__
from sferic.cluster.packing import Request, packed, to_pack, wanted
from sferic.cluster.shim import shim_jar
from sferic.compiler.diagnostics import WrongInput
from sferic.compiler.packages import Imported
from sferic.compiler.pipeline import Options, compile_plan
from sferic.compiler.targets.storm import interpreter, make_artefact, write_artefact
from sferic.runtime.location import Location

_spec = importlib.util.spec_from_file_location("wheels", Path(__file__).with_name("wheels.py"))
wheels = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(wheels)

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
TAG = f"cp{MINOR.replace('.', '')}"
OWN = metadata.version("ormsgpack")


@pytest.fixture
def index(tmp_path, monkeypatch):
    """The only folder that pip finds wheels in."""
    folder = tmp_path / "index"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    wheels.wheel(folder, "ormsgpack", OWN, {"ormsgpack/__init__.py": ""})
    return folder


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Where distributions are installed as far as this process knows."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def installed(site, name, version, module, url=None):
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text(f"{module}.py,,\n")
    if url is not None:
        (info / "direct_url.json").write_text(json.dumps({"url": url, "dir_info": {"editable": True}}))
    (site / f"{module}.py").write_text("")


def imports(*modules):
    return [Imported(module, Location("w.py", line)) for line, module in enumerate(modules, 1)]


def quiet(_):
    pass


def test_what_is_installed_here_travels_at_its_version_with_what_it_needs(index, site):
    installed(site, "greeting", "1.5", "hello")
    installed(site, "manners", "2.0", "manners")
    wheels.wheel(index, "greeting", "1.5", {"hello.py": "WORD = 'hi'\n"}, requires=["manners>=1"])
    wheels.wheel(index, "greeting", "1.6", {"hello.py": "too new\n"})
    path = wheels.wheel(index, "manners", "2.0", {"manners/__init__.py": "", "manners/data.txt": "please"})
    wheels.wheel(index, "manners", "3.0", {"manners/__init__.py": "too new"})
    with packed(Request(), imports("hello"), quiet) as found:
        folder = found.folder
        assert [(one.name, one.version) for one in found.distributions] == [
            ("greeting", "1.5"),
            ("manners", "2.0"),
            ("ormsgpack", OWN),
        ]
        assert found.distributions[1].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert (folder / "hello.py").read_text() == "WORD = 'hi'\n"
        assert (folder / "manners" / "data.txt").read_text() == "please"
        assert (folder / "greeting-1.5.dist-info" / "METADATA").is_file(), "packages ask for their version"
        text = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
        assert str(folder.parent).encode() not in text, "a path of this machine travels"
        assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert not folder.exists()


def test_a_package_without_a_wheel_for_the_platform(index, site):
    installed(site, "greeting", "1.5", "hello")
    wheels.wheel(index, "greeting", "1.5", {"hello.py": ""}, tag=f"{TAG}-{TAG}-linux_x86_64")
    with (
        pytest.raises(WrongInput) as caught,
        packed(Request(platform="linux_aarch64"), imports("x", "hello")[1:], quiet),
    ):
        pass
    assert str(caught.value) == (
        f"w.py:2: there is no wheel of greeting==1.5 for Python {MINOR} on linux_aarch64. Name a version that has one "
        "in a file (--requirements FILE), or pack on a machine of that kind"
    )


def test_wheels_of_another_machine_and_python(index, site):
    installed(site, "greeting", "1.5", "hello")
    (index / f"ormsgpack-{OWN}-py3-none-any.whl").unlink()
    tag = "cp399-cp399-manylinux_2_17_aarch64"
    wheels.wheel(index, "ormsgpack", OWN, {"ormsgpack.py": ""}, tag=tag)
    wheels.wheel(index, "greeting", "1.5", {"hello.py": "there"}, tag="cp399-cp399-manylinux_2_28_aarch64")
    wheels.wheel(index, "greeting", "1.5", {"hello.py": "here"}, tag=f"{TAG}-{TAG}-linux_x86_64")
    request = Request(platform="linux_aarch64", python="3.99")
    with packed(request, imports("hello"), quiet) as found:
        assert (found.python, found.platform) == ("3.99", "linux_aarch64")
        assert (found.folder / "hello.py").read_text() == "there"
    assert interpreter("3.99") == "python3.99" == interpreter("3.99", here=True)
    assert interpreter(MINOR, here=True) == sys.executable == interpreter(None, here=True)


def test_what_a_file_says_wins(index, site, tmp_path):
    installed(site, "Greet.ing", "1.5", "hello")
    wheels.wheel(index, "greet_ing", "1.5", {"hello.py": "1.5"})
    wheels.wheel(index, "greet_ing", "1.4", {"hello.py": "1.4"})
    wheels.wheel(index, "extra", "7", {"extra.py": ""})
    file = tmp_path / "requirements.txt"
    file.write_text("# what workers get\ngreet-ing == 1.4\nextra\n")
    with packed(Request(requirements=file), imports("hello", "not_here"), quiet) as found:
        assert [one.name for one in found.distributions] == ["extra", "greet_ing", "ormsgpack"]
        assert (found.folder / "hello.py").read_text() == "1.4"


BACKEND = """
import zipfile

def build_wheel(folder, settings=None, metadata=None):
    name = "mine-0.1-{tag}.whl"
    with zipfile.ZipFile(folder + "/" + name, "w") as archive:
        archive.write("mine.py")
        archive.writestr("mine-0.1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: mine\\nVersion: 0.1\\n")
        archive.writestr("mine-0.1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: {tag}\\n")
        archive.writestr("mine-0.1.dist-info/RECORD", "mine.py,,\\n")
    return name
"""


def project(folder, site, tag):
    folder.mkdir()
    (folder / "mine.py").write_text("NOW = 'as it is in the folder'\n")
    (folder / "backend.py").write_text(BACKEND.format(tag=tag))
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "mine"\nversion = "0.1"\n'
    )
    installed(site, "mine", "0.1", "not_listed", url=folder.as_uri())
    sys.path.append(str(folder))


def test_a_link_to_a_folder_is_built_to_a_wheel(index, site, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    project(tmp_path / "my project", site, "py3-none-any")
    with packed(Request(), imports("mine"), quiet) as found:
        assert [one.name for one in found.distributions] == ["mine", "ormsgpack"]
        assert (found.folder / "mine.py").read_text() == "NOW = 'as it is in the folder'\n"


def test_what_is_compiled_here_does_not_run_elsewhere(index, site, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    project(tmp_path / "mine", site, f"{TAG}-{TAG}-linux_x86_64")
    with pytest.raises(WrongInput) as caught, packed(Request(platform="musllinux_1_2_x86_64"), imports("mine"), quiet):
        pass
    assert "is compiled, and cannot be built here for musllinux_1_2_x86_64" in str(caught.value)


def test_a_module_that_no_package_has():
    with pytest.raises(WrongInput) as caught:
        wanted(imports("no_such_module", "ormsgpack", "nor_this"), lenient=False)
    assert [str(problem).partition(". ")[0] for problem in caught.value.problems] == [
        "w.py:1: module no_such_module belongs to no package that is installed here",
        "w.py:3: module nor_this belongs to no package that is installed here",
    ]
    assert (
        wanted([Imported("no_such_module", Location("w.py", 1), optional=True)], lenient=False)[0].name == "ormsgpack"
    )


def test_explained(site):
    installed(site, "greeting", "1.5", "hello")
    told = to_pack(Request(platform="linux_aarch64", python="3.12"), imports("hello"))
    assert told == {
        "python": "3.12",
        "platform": "linux_aarch64",
        "requirements": None,
        "distributions": [
            {"name": "greeting", "version": "1.5", "imported": ["w.py:1"]},
            {"name": "ormsgpack", "version": OWN, "imported": []},
        ],
    }


@pytest.mark.parametrize(
    ("given", "said"), [({"platform": "amiga"}, "--platform amiga"), ({"python": "3.12.1"}, "3.12.1")]
)
def test_options_that_say_nothing(given, said):
    with pytest.raises(WrongInput, match=said):
        Request(**given)


def refusal(index, site, files):
    installed(site, "bad", "1", "bad")
    wheels.wheel(index, "bad", "1", files)
    with pytest.raises(WrongInput) as caught, packed(Request(), imports("bad"), quiet):
        pass
    return str(caught.value)


@pytest.mark.parametrize("name", ["bad/../../outside.py", "/tmp/../outside-of-packing.py"])
def test_a_wheel_that_leads_outside(index, site, tmp_path, name):
    before = set(tmp_path.rglob("outside*"))
    assert "cannot be installed into a folder" in refusal(index, site, {"bad.py": "", name: "evil"})
    assert set(tmp_path.rglob("outside*")) == before
    assert not Path("/outside-of-packing.py").exists()


@pytest.mark.parametrize("name", ["json.py", "sferic/__init__.py"])
def test_a_wheel_that_would_be_taken_for_what_is_there(index, site, name):
    module = name.partition("/")[0].removesuffix(".py")
    assert f"one of the packages has a module {module}, which would be taken for" in refusal(index, site, {name: ""})


class Numbers(sferic.ProducerPE):
    def _process(self, inputs):
        yield 1


def test_the_jar_holds_plain_files_only(index, site, tmp_path):
    installed(site, "odd", "1", "odd")
    link, strong = zipfile.ZipInfo("odd/link.txt"), zipfile.ZipInfo("odd/strong.py")
    link.external_attr, strong.external_attr = (stat.S_IFLNK | 0o777) << 16, (stat.S_IFREG | 0o6777) << 16
    wheels.wheel(index, "odd", "1", {"odd.py": "", link: "/etc/passwd", strong: "pass"})
    graph = sferic.WorkflowGraph()
    graph.add(Numbers())
    plan = compile_plan(graph, Options(target="storm")).plan
    runtime = Path(sferic.runtime.__file__).parent
    with packed(Request(), imports("odd"), quiet) as packages:
        artefact = make_artefact(plan, tmp_path, name="n", python="python3", version=__version__, packages=packages)
        jar = write_artefact(artefact, tmp_path / "out", shim=shim_jar(), runtime=runtime, version=__version__)
        other = replace(artefact, packages=replace(packages, distributions=packages.distributions[:1]))
        again = write_artefact(other, tmp_path / "other", shim=shim_jar(), runtime=runtime, version=__version__)
    with zipfile.ZipFile(jar) as archive:
        assert archive.read("resources/packages/odd/link.txt") == b"/etc/passwd", "a link was followed"
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o644}
        manifest = json.loads(archive.read("MANIFEST.json"))
        assert json.loads(archive.read("config.json"))["sferic.child"][1:] == [MINOR, "linux_x86_64"]
    assert manifest["packages"]["python"] == MINOR
    build = json.loads((again.parent / "MANIFEST.json").read_text())["build"]
    assert build != manifest["build"], "two versions with other packages look the same"
    assert [one["name"] for one in manifest["packages"]["distributions"]] == ["odd", "ormsgpack"]

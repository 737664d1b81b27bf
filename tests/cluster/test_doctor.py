from importlib.metadata import version

from sferic.cluster import doctor
from sferic.cluster.doctor import Check, examine, render
from sferic.cluster.java import Java, JavaMissing


def by_name(checks):
    return {check.name.split()[0]: check for check in checks}


def test_an_empty_cache_is_no_fault_where_it_can_be_filled(tmp_path, monkeypatch):
    monkeypatch.setenv("SFERIC_CACHE", str(tmp_path))
    monkeypatch.setenv("SFERIC_MAVEN", "file:///mirror")
    storm = by_name(examine())["Storm"]
    assert storm.ok
    assert "to fetch at first use" in storm.detail
    assert not list((tmp_path / "jars").iterdir())


def test_nobody_who_knows_where_jars_come_from(tmp_path, monkeypatch):
    monkeypatch.setenv("SFERIC_CACHE", str(tmp_path))
    monkeypatch.delenv("SFERIC_MAVEN", raising=False)
    real = doctor.importlib.util.find_spec
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None if name == "jgo" else real(name))
    storm = by_name(examine())["Storm"]
    assert not storm.ok
    assert "sferic[storm]" in storm.remedy


def test_a_cache_that_cannot_be_made_ends_what_depends_on_it(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SFERIC_CACHE", str(tmp_path / "file"))
    checks = by_name(examine())
    assert not checks["cache"].ok
    assert "SFERIC_CACHE" in checks["cache"].remedy
    assert "Storm" not in checks


def test_a_missing_java_carries_its_remedy(monkeypatch):
    def none():
        raise JavaMissing("install one")

    monkeypatch.setattr(doctor, "find_java", none)
    java = by_name(examine())["Java"]
    assert (java.ok, java.remedy) == (False, "install one")


def test_a_java_without_compiler_is_said_to_be_one(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "find_java", lambda: Java(tmp_path / "java", 17, None))
    assert by_name(examine())["Java"].detail == f"17 at {tmp_path}/java, without a compiler"


def test_the_version_of_spark_is_said_and_which_java_it_takes():
    spark = by_name(examine())["pyspark"]
    assert spark.ok
    assert spark.detail == f"{version('pyspark')}, which takes the Java below (it needs 17 or newer)"


def test_without_spark_all_is_well_and_how_to_get_it_is_said(monkeypatch):
    real = doctor.importlib.util.find_spec
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None if name == "pyspark" else real(name))
    spark = by_name(examine())["pyspark"]
    assert spark.ok
    assert "pip install 'sferic[spark]'" in spark.detail
    assert "Java 17" in spark.detail


def test_render_shows_a_remedy_only_where_it_is_needed():
    checks = [Check("Python", True, "3.12", "newer"), Check("Java", False, "none", "install it")]
    assert render(checks) == "ok  Python: 3.12\nNO  Java: none\n    install it"

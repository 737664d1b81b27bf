"""What items of a user's own classes arrive as: their attributes, and no call of their code."""

import dataclasses
import sys
import types

import pytest

from sferic.runtime.codec import CodecError, GeneralCodec, TypeTable, register

CODEC = GeneralCodec()


@dataclasses.dataclass
class Point:
    x: object
    y: object = None
    seen: list[object] = dataclasses.field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.seen.append("made here")


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    name: str
    unset: int = dataclasses.field(init=False, compare=False, repr=False)


def round_trip(items: list[object]) -> list[object]:
    return CODEC.decode(CODEC.encode(items))


def test_no_constructor_runs() -> None:
    (got,) = round_trip([Point(1, (2,))])
    assert type(got) is Point
    assert vars(got) == {"x": 1, "y": (2,), "seen": ["made here"]}


def test_slots_frozen_and_fields_that_nobody_set() -> None:
    (got,) = round_trip([Frozen("a")])
    assert got == Frozen("a")
    assert not hasattr(got, "unset")


def test_attributes_that_are_no_fields() -> None:
    point = Point(1)
    point.more = {1}  # type: ignore[attr-defined]
    assert vars(round_trip([point])[0])["more"] == {1}


def test_an_alias_lets_a_script_and_its_module_meet() -> None:
    script, module = types.ModuleType("script_run_here"), types.ModuleType("script_imported_there")
    source = "import dataclasses\n@dataclasses.dataclass\nclass Item:\n    x: int\n"
    for place in (script, module):
        sys.modules[place.__name__] = place
        exec(source, vars(place))  # noqa: S102
    try:
        aliased = GeneralCodec(TypeTable({"script_run_here": "script_imported_there"}))
        data = aliased.encode([script.Item(1)])
        assert type(CODEC.decode(data)[0]) is module.Item
        assert type(aliased.decode(CODEC.encode([module.Item(2)]))[0]) is script.Item
    finally:
        del sys.modules[script.__name__], sys.modules[module.__name__]


def test_a_class_inside_a_function_needs_register() -> None:
    @dataclasses.dataclass
    class Local:
        x: int

    with pytest.raises(CodecError, match=r"sferic\.register\(Local\)") as caught:
        CODEC.encode(["fine", Local(1)])
    assert caught.value.index == 1
    register(Local)
    assert round_trip([Local(1)]) == [Local(1)]


def test_registered_plain_class() -> None:
    @register
    class Plain:
        __slots__ = ("__dict__", "a")

    item = Plain()
    item.a, item.b = (1,), {"k": {2}}
    (got,) = round_trip([item])
    assert type(got) is Plain
    assert (got.a, got.b) == ((1,), {"k": {2}})


def test_registered_with_encode_and_decode() -> None:
    # Registering is for the whole process: not one of the types that other tests expect to be refused.
    register(slice, lambda s: (s.start, s.stop, s.step), lambda parts: slice(*parts))
    assert round_trip([[slice(1, 9, 2)]]) == [[slice(1, 9, 2)]]


def test_register_says_what_it_cannot_do() -> None:
    class Made(bytes):
        pass

    with pytest.raises(ValueError, match="needs encode= and decode="):
        register(Made)
    with pytest.raises(ValueError, match="together"):
        register(Made, encode=bytes)
    with pytest.raises(TypeError, match="takes a class"):
        register(3)  # type: ignore[type-var]


def test_what_a_registered_encode_raises_is_told() -> None:
    class Bad:
        pass

    register(Bad, lambda _: 1 / 0, lambda _: None)
    with pytest.raises(CodecError, match="ZeroDivisionError"):
        CODEC.encode([Bad()])


def test_errors_name_type_place_and_item() -> None:
    with pytest.raises(CodecError) as caught:
        CODEC.encode([1, [{"a": Point(1, (2, {3: object()}))}], 5])
    error = caught.value
    assert (error.index, error.path, error.type_name) == (1, "[0]['a'].y[1][3]", "builtins:object")
    assert "[0]['a'].y[1][3]" in str(error)
    assert "sferic.register(object)" in str(error)

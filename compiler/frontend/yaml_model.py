"""What a workflow's YAML file may hold: the model, and the JSON schema for editors that is made from it."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from sferic.runtime.settings import check_setting

_REFERENCE = {"type": "string", "pattern": r"\$\{\w+\}", "description": "a parameter of the workflow"}
_NAME = r"^[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*$"

Name = Annotated[str, Field(pattern=_NAME, description="package.module:name, found from the file's folder")]


def _setting(name: str, **schema: Any) -> Any:
    """A setting: checked by the table of all settings, and in the schema as `schema` or ``${parameter}``."""

    def check(value: Any) -> Any:
        try:
            check_setting(name, value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} {error}, not {value!r}") from None
        return value

    return Annotated[Any, AfterValidator(check), WithJsonSchema({"anyOf": [schema, _REFERENCE]})]


_flag = {"type": "boolean"}
_number = {"type": "integer", "minimum": 1}
_limits = {"items": _number, "bytes": _number, "linger": {"type": "number", "exclusiveMinimum": 0}}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=False)


TYPES = {"bool": bool, "float": float, "int": int, "str": str}


def _is_parameter(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() != {"type"} or value["type"] not in TYPES:  # pyright: ignore[reportUnknownMemberType]
            raise ValueError(f"a parameter without a default says its type, {{type: {' | '.join(TYPES)}}}")
    elif type(value) not in TYPES.values():
        raise ValueError("a parameter is its default, a number, text or bool, or {type: …}")
    return value  # pyright: ignore[reportUnknownVariableType]


_typed = {
    "type": "object",
    "properties": {"type": {"enum": list(TYPES)}},
    "required": ["type"],
    "additionalProperties": False,
}
Parameter = Annotated[
    Any,
    AfterValidator(_is_parameter),
    WithJsonSchema({"anyOf": [{"type": ["boolean", "number", "string"]}, _typed]}),
]


Parameters = dict[Annotated[str, Field(pattern=r"^[^\W\d]\w*$")], Parameter]
Called = Annotated[str, Field(min_length=1)]


class PE(_Model):
    """A class of PEs, or a function and how it is used; and settings."""

    use: Name
    as_: Literal["", "source", "map", "flat_map", "filter", "branch", "sink"] = Field(
        "", alias="as", description="how a function is used; map where it is not said"
    )
    ports: list[str] = Field([], description="of a branch: the names of its output ports")
    with_: dict[str, Any] = Field({}, alias="with", description="arguments, by name")
    numprocesses: _setting("numprocesses", **_number) = None
    single: _setting("single", **_flag) = None
    stateless: _setting("stateless", **_flag) = None
    per_key: _setting("per_key", **_flag) = None
    endless: _setting("endless", **_flag) = None
    splits: _setting("splits", **_flag) = None
    readonly: _setting("readonly", **_flag) = None
    retries: _setting("retries", type="integer", minimum=0) = None
    on_failure: _setting("on_failure", enum=["stop", "skip", "dead-letter"]) = None
    hang_timeout: _setting("hang_timeout", type="number", exclusiveMinimum=0) = None
    codec: _setting("codec", enum=["general", "trusted"]) = None
    batch: _setting("batch", type="object", properties=_limits, additionalProperties=False) = None
    memory: _setting("memory", **_number) = None
    cpu: _setting("cpu", type="number", exclusiveMinimum=0) = None
    optional: list[str] = Field([], description="input ports that may stay unconnected")


def _is_key(value: Any) -> Any:
    fields = value if isinstance(value, list) else [value]
    if not fields or not all(isinstance(one, (str, int)) and not isinstance(one, bool) for one in fields):
        raise ValueError("group_by is a position, a name, a list of these, or a function as package.module:name")
    return value  # pyright: ignore[reportUnknownVariableType]


class Connection(_Model):
    """From an output port to an input port. A port may be left out where there is only one."""

    from_: str = Field(alias="from", description="PE.port, or PE where it has one output port")
    to: str = Field(description="PE.port, or PE where it has one input port")
    group_by: Annotated[
        Any,
        AfterValidator(_is_key),
        WithJsonSchema({"type": ["string", "integer", "array"], "items": {"type": ["string", "integer"]}}),
    ] = Field(None, description="fields, or a function: items that are equal there reach one instance")
    grouping: Literal["all", "global", "shuffle"] | None = Field(None, description="to all instances, or to the first")


class Workflow(_Model):
    """A workflow for sferic: PEs, and how they connect."""

    workflow: str = Field(min_length=1, description="its name")
    parameters: Parameters = Field(
        {}, description="by name: a default, or {type: …} for one that must be given; used as ${name}"
    )
    include: list[str] = Field([], description="patterns of files that workers need beside the modules")
    pes: dict[Called, PE] = Field(min_length=1)
    connections: list[Connection] = []
    partitions: list[list[str]] = Field([], description="PEs that are to share a process")


def schema() -> str:
    """The JSON schema, as it is published."""
    made = Workflow.model_json_schema(by_alias=True)
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
    return json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n"

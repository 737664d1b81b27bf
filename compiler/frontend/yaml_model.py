"""What a workflow's YAML file may hold: the model, and the JSON schema for editors that is made from it."""

import json
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, WithJsonSchema, field_validator

from sferic.runtime.settings import SETTING_NAMES, check_setting

_REFERENCE = {"type": "string", "pattern": r"\$\{\w+\}", "description": "a parameter of the workflow"}
_NAME = r"^[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*$"

Name = Annotated[  # ${parameters} are filled in before the model sees it; an editor sees them
    str,
    Field(pattern=_NAME),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^[\w.${}]+:[\w${}]+$",
            "description": "package.module:name, found from the file's folder",
        }
    ),
]


def _setting(**schema: Any) -> Any:
    """A setting as editors see it: a value of this schema, or ``${parameter}``."""
    extra: Any = {"anyOf": [schema, _REFERENCE]}
    return Field(None, json_schema_extra=extra)


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
    as_: Literal["", "source", "map", "flat_map", "filter", "branch", "sink", "fold"] = Field(
        "", alias="as", description="how a function is used; map where it is not said"
    )
    ports: list[str] = Field([], description="of a branch: the names of its output ports")
    start: Any = Field(None, description="of a fold: the first value of each key")
    running: bool = Field(False, description="of a fold: whether it writes after each item, not once at the end")
    with_: dict[str, Any] = Field({}, alias="with", description="arguments, by name")
    numprocesses: Any = _setting(**_number)
    single: Any = _setting(**_flag)
    stateless: Any = _setting(**_flag)
    per_key: Any = _setting(**_flag)
    endless: Any = _setting(**_flag)
    splits: Any = _setting(**_flag)
    readonly: Any = _setting(**_flag)
    retries: Any = _setting(type="integer", minimum=0)
    on_failure: Any = _setting(enum=["stop", "skip", "dead-letter"])
    hang_timeout: Any = _setting(type="number", exclusiveMinimum=0)
    codec: Any = _setting(enum=["general", "trusted"])
    batch: Any = _setting(type="object", properties=_limits, additionalProperties=False)
    memory: Any = _setting(**_number)
    cpu: Any = _setting(type="number", exclusiveMinimum=0)
    optional: list[str] = Field([], description="input ports that may stay unconnected")

    @field_validator(*SETTING_NAMES)
    @classmethod
    def _is_setting(cls, value: Any, info: ValidationInfo) -> Any:
        name = str(info.field_name)
        try:
            check_setting(name, value)  # the table of all settings, wherever they are said
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} {error}, not {value!r}") from None
        return value


def _is_key(value: Any) -> Any:
    fields = cast(list[Any], value) if isinstance(value, list) else [value]
    if not fields or not all(isinstance(one, (str, int)) and not isinstance(one, bool) for one in fields):
        raise ValueError("group_by is a position, a name, a list of these, or a function as package.module:name")
    return fields


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

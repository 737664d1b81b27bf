"""The settings of a PE: one table for class attributes, keywords of `add()` and YAML keys."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

OnFailure = Literal["dead-letter", "skip", "stop"]


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """When a batch goes on: at so many items, so many bytes, or when its oldest item waited `linger` seconds."""

    items: int = 512
    bytes: int = 1 << 20
    linger: float = 0.002


@dataclass(frozen=True, slots=True)
class Settings:
    """What a PE asks for. None means: not said, the default of the command applies."""

    numprocesses: int | None = None
    single: bool = False
    stateless: bool = False
    per_key: bool = False
    endless: bool = False
    splits: bool = False
    readonly: bool = False
    retries: int = 0
    on_failure: OnFailure | None = None
    hang_timeout: float | None = None
    codec: str | None = None
    batch: BatchLimits | None = None
    memory: int | None = None
    cpu: float | None = None


SETTING_NAMES: tuple[str, ...] = tuple(field.name for field in fields(Settings))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("must be True or False")
    return value


def _whole(least: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"must be a whole number of at least {least}")
        return value

    return check


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise ValueError("must be a number above 0")
    return float(value)


def _choice(*names: str) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if value not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return value

    return check


def _batch(value: Any) -> BatchLimits:
    if isinstance(value, BatchLimits):
        return value
    if not isinstance(value, Mapping):
        raise TypeError("must be a mapping with some of items, bytes, linger")
    given: dict[str, Any] = {str(k): v for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    default = BatchLimits()
    unknown = sorted(given.keys() - {"items", "bytes", "linger"})
    if unknown:
        raise ValueError(f"has no key {unknown[0]!r}; known are items, bytes, linger")
    return BatchLimits(
        items=_whole(1)(given.get("items", default.items)),
        bytes=_whole(1)(given.get("bytes", default.bytes)),
        linger=_positive(given.get("linger", default.linger)),
    )


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "numprocesses": _whole(1),
    "retries": _whole(0),
    "on_failure": _choice("dead-letter", "skip", "stop"),
    "hang_timeout": _positive,
    "codec": _choice("general", "trusted"),
    "batch": _batch,
    "memory": _whole(1),
    "cpu": _positive,
}


def check_setting(name: str, value: Any) -> Any:
    """The value as the runtime keeps it; ValueError or TypeError says what it must be."""
    if value is None:
        return getattr(_DEFAULTS, name)
    return _CHECKS.get(name, _flag)(value)


_DEFAULTS = Settings()

"""The error of the codecs."""

from typing import Self


class CodecError(ValueError):
    """An item that cannot be written, or bytes that are not a batch.

    `type_name` is the "module:qualname" of the type in question ("" if none is), `path` the place inside the item
    (such as `[0]['a'].x`), `index` the item's place in its batch (None while decoding, or not known).
    """

    def __init__(self, reason: str, *, type_name: str = "", path: str = "", index: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.type_name = type_name
        self.path = path
        self.index = index

    def inside(self, step: str) -> Self:
        """The same error, seen from the container that holds its place under `step`."""
        self.path = step + self.path
        return self

    def __str__(self) -> str:
        where = f" at item{self.path}" if self.path else ""
        return f"{self.reason}{where}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.reason, self.type_name, self.path, self.index))


def _rebuild(cls: type[CodecError], reason: str, type_name: str, path: str, index: int | None) -> CodecError:
    return cls(reason, type_name=type_name, path=path, index=index)


def type_name(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def unregistered(cls: type, why: str) -> CodecError:
    """The refusal of a type, with the line that would let it pass."""
    name = type_name(cls)
    return CodecError(
        f"cannot encode {name}: {why}; to let it pass: sferic.register({cls.__qualname__.rpartition('.')[2]}) "
        "where the class is defined (encode=, decode= if its attributes are not all of it), or codec: trusted",
        type_name=name,
    )

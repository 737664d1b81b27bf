"""The error of the codecs."""

from typing import Self


class CodecError(ValueError):
    """An item that cannot be written, or bytes that are not a batch.

    `reason` says what is wrong and `advice` what to do about it ("" if nothing is known). `type_name` is the
    "module:qualname" of the type in question ("" if none is), `path` the place inside the item (such as
    `[0]['a'].x`), `index` the item's place in its batch (None while decoding).
    """

    def __init__(
        self, reason: str, *, advice: str = "", type_name: str = "", path: str = "", index: int | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice
        self.type_name = type_name
        self.path = path
        self.index = index

    def inside(self, step: str) -> Self:
        """The same error, seen from the container that holds its place under `step`."""
        self.path = step + self.path
        return self

    def __str__(self) -> str:
        where = f" (at item{self.path})" if self.path else ""
        advice = f"; {self.advice}" if self.advice else ""
        return f"{self.reason}{where}{advice}"

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders; the default forgets keyword arguments.
        return (_rebuild, (type(self), self.reason, self.advice, self.type_name, self.path, self.index))


def _rebuild(
    cls: type[CodecError], reason: str, advice: str, type_name: str, path: str, index: int | None
) -> CodecError:
    return cls(reason, advice=advice, type_name=type_name, path=path, index=index)


def type_name(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def unregistered(cls: type, why: str) -> CodecError:
    """The refusal of a type, with the line that would let it pass."""
    short = cls.__qualname__.rpartition(".")[2]
    return CodecError(
        f"cannot encode {type_name(cls)}: {why}",
        advice=f"to let it pass, say sferic.register({short}) after the class"
        f" (with encode= and decode= if {short} is more than its attributes),"
        ' or set codec = "trusted" on the PE that gets it',
        type_name=type_name(cls),
    )

"""What `dispel4py.core` has."""

from collections.abc import Mapping
from typing import Any, Self

from sferic.runtime import pe as ours

NAME = "name"
TYPE = "type"
DESCRIPTION = "descr"
META = "meta"
GROUPING = "grouping"
WRITER = "writer"


class GenericPE(ours.GenericPE):
    """A PE as dispel4py knows it: `numprocesses` of 1 means that it may be scaled, and two may have one name."""

    returns_ports = True
    numprocesses: int | None = 1

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        pe = super().__new__(cls, *args, **kwargs)
        pe.name = pe.id = cls.__name__
        return pe

    def __init__(self, numprocesses: int = 1) -> None:
        super().__init__(None if numprocesses == 1 else numprocesses)

    def called_after(self) -> str:
        """Its name: users of dispel4py give one to several PEs."""
        return self.name

    def _take_name(self, name: str) -> None:
        self.name = name  # the id stays: results are looked up by it

    def write(self, name: str, data: Any) -> None:
        """Send `data` out of the port `name`; outside a run to the port's writer, if there is one."""
        self._write(name, data)

    def _write(self, name: str, data: Any) -> None:
        writer = self.outputconnections.get(name, {}).get(WRITER)
        if writer is None:
            super().write(name, data)
        else:
            writer.write(data)

    def _process(self, inputs: Any) -> Any:
        return None

    def set_input_types(self, types: Mapping[str, Any]) -> None:
        """Told the types of what is connected, as dispel4py's Storm mapping did; nothing here depends on them."""
        if type(self).setInputTypes is not GenericPE.setInputTypes:
            self.setInputTypes(types)

    def setInputTypes(self, types: Mapping[str, Any]) -> None:  # noqa: N802 - dispel4py's first spelling
        """As `set_input_types`: whichever of the two a class overrides."""
        if type(self).set_input_types is not GenericPE.set_input_types:
            self.set_input_types(types)

    def get_output_types(self) -> dict[str, Any]:
        """The types that the output ports declare; KeyError where one declares none."""
        if type(self).getOutputTypes is not GenericPE.getOutputTypes:
            return self.getOutputTypes()
        return self._declared_types()

    def getOutputTypes(self) -> dict[str, Any]:  # noqa: N802 - dispel4py's first spelling
        """As `get_output_types`: whichever of the two a class overrides."""
        if type(self).get_output_types is not GenericPE.get_output_types:
            return self.get_output_types()
        return self._declared_types()

    def _declared_types(self) -> dict[str, Any]:
        untyped = [name for name, output in self.outputconnections.items() if TYPE not in output]
        if untyped:
            raise KeyError(f"{self.id}: output {untyped[0]!r} declares no type")
        return {name: output[TYPE] for name, output in self.outputconnections.items()}

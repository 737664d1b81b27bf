"""Plans as Storm topologies."""

from sferic.compiler.targets.storm.artefact import StormArtefact, make_artefact, write_artefact

__all__ = ["StormArtefact", "make_artefact", "write_artefact"]

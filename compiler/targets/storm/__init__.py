"""Plans as Storm topologies."""

from sferic.compiler.targets.storm.artefact import StormArtefact, make_artefact, worker_files, write_artefact
from sferic.compiler.targets.storm.config import interpreter

__all__ = ["StormArtefact", "interpreter", "make_artefact", "worker_files", "write_artefact"]

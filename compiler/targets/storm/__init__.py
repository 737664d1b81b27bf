"""Plans as Storm topologies."""

from sferic.compiler.targets.storm.artefact import StormArtefact, make_artefact, worker_files, write_artefact

__all__ = ["StormArtefact", "make_artefact", "worker_files", "write_artefact"]

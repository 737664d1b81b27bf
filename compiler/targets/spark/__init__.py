"""Plans as Spark jobs."""

from sferic.compiler.targets.spark.artefact import Mode, SparkArtefact, make_artefact, worker_files, write_artefact

__all__ = ["Mode", "SparkArtefact", "make_artefact", "worker_files", "write_artefact"]

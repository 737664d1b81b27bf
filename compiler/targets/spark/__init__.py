"""Plans as Spark jobs."""

from sferic.compiler.targets.spark.artefact import (
    SparkArtefact,
    make_artefact,
    mode_of,
    packages_of,
    submit_line,
    worker_files,
    write_artefact,
)

__all__ = ["SparkArtefact", "make_artefact", "mode_of", "packages_of", "submit_line", "worker_files", "write_artefact"]

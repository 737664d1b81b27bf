"""What `dispel4py.new.mappings` has: which module runs which target."""

config = {
    "simple": "dispel4py.new.simple_process",
    "multi": "dispel4py.new.multi_process",
    "mpi": "dispel4py.new.mpi_process",
}

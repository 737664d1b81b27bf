"""Which of dispel4py's modules are answered by which of ours, and what to use in place of the others."""

from collections.abc import Mapping

_HERE = "sferic.runtime.compat"

# Modules moved over the years: the first line kept the mappings beside `core`, which was called GenericPE.
MODULES: Mapping[str, str] = {
    "dispel4py": f"{_HERE}.package",
    "dispel4py.base": f"{_HERE}.base",
    "dispel4py.core": f"{_HERE}.core",
    "dispel4py.GenericPE": f"{_HERE}.core",
    "dispel4py.workflow_graph": f"{_HERE}.workflow_graph",
    "dispel4py.utils": f"{_HERE}.utils",
    "dispel4py.visualisation": f"{_HERE}.visualisation",
    "dispel4py.simple_process": f"{_HERE}.simple_process",
    "dispel4py.multi_process": f"{_HERE}.multi_process",
    "dispel4py.new": f"{_HERE}.package",
    "dispel4py.new.aggregate": f"{_HERE}.aggregate",
    "dispel4py.new.logger": f"{_HERE}.logger",
    "dispel4py.new.mappings": f"{_HERE}.mappings",
    "dispel4py.new.monitoring": f"{_HERE}.monitoring",
    "dispel4py.new.mpi_process": f"{_HERE}.multi_process",
    "dispel4py.new.multi_process": f"{_HERE}.multi_process",
    "dispel4py.new.processor": f"{_HERE}.processor",
    "dispel4py.new.simple_process": f"{_HERE}.simple_process",
    "dispel4py.examples": f"{_HERE}.package",
    "dispel4py.examples.graph_testing": f"{_HERE}.package",
    "dispel4py.examples.graph_testing.testing_PEs": f"{_HERE}.testing_pes",
}
PACKAGES = frozenset(name for name, module in MODULES.items() if module.endswith(".package"))

_MULTI = "`sferic run FILE --on multi -n N` does what it was for"
_REDIS = f"processes here take work as they have room, without a Redis server: {_MULTI}"
_FUNCTIONS = "a function in SimpleFunctionPE or create_iterative_chain, of dispel4py.base, does what it was for"

WITHOUT: Mapping[str, str] = {
    "dispel4py.provenance": "sferic records no provenance yet: take out the import and the calls of configure_prov_run "
    "and of ProvenanceType; the PEs stay as they are",
    "dispel4py.optimization": "fusion does what it was for: `sferic explain FILE --on multi -n N` shows it",
    "dispel4py.partition": "`graph.partitions = [[a, b], [c]]` says what shares a process",
    "dispel4py.registry": "PEs are imported from Python modules",
    "dispel4py.seismo": _FUNCTIONS,
    "dispel4py.storm": "`sferic run FILE --on storm` runs it on a local Storm, `sferic compile FILE --to storm` writes "
    "the topology",
    "dispel4py.test": "dispel4py's own tests are in its repository",
    "dispel4py.worker_mpi": _MULTI,
    "dispel4py.new.dynamic_redis": _REDIS,
    "dispel4py.new.dyn_redis_config": _REDIS,
    "dispel4py.new.mpi_queue_process": _MULTI,
    "dispel4py.new.new_dynamic": _MULTI,
    "dispel4py.new.new_dynamic_auto": _MULTI,
    "dispel4py.new.new_dynamic_redis": _REDIS,
    "dispel4py.new.new_dynamic_redis_auto": _REDIS,
    "dispel4py.new.new_hybrid_redis": _REDIS,
    "dispel4py.new.spark_process": "`sferic run FILE --on spark` runs the same file on Spark",
    "dispel4py.new.zmq_multi": _MULTI,
}

_MPI = "there is no MPI here; `self.rank` is the number of an instance"
_INSIDES = "it is part of how dispel4py ran a graph; `sferic.run(graph, …)` runs one here"
# Of modules that are answered, what they have and we do not: by the name's last part.
NAMES_WITHOUT: Mapping[str, str] = {
    "CommandLineInputs": WITHOUT["dispel4py.provenance"],
    "GenericWrapper": _INSIDES,
    "GenericWriter": _INSIDES,
    "LockstepPE": "a GenericPE that keeps what came in until each input has something does what it was for",
    "MonitoringWrapper": "`sferic.run(graph).counts` has what each PE took and wrote",
    "MPIWrapper": _INSIDES,
    "MultiProcessingWrapper": _INSIDES,
    "ReadTimingWrapper": "`sferic.run(graph).counts` has what each PE took and wrote",
    "SimpleProcessingPE": _INSIDES,
    "SourcePE": "ProducerPE of dispel4py.base does what it was for",
    "SimpleProcessingWrapper": _INSIDES,
    "SimpleWriter": _INSIDES,
    "main": "`sferic d4py TARGET MODULE` is the command line",
    "mpi_excepthook": _MPI,
    "rank": _MPI,
    "size": _MPI,
    "assign_and_connect": "`sferic explain FILE --on multi -n N` shows how many instances each PE has, and why",
    "check_commandline_argument": WITHOUT["dispel4py.provenance"],
    "comm": _MPI,
    "create_partitioned": "`graph.partitions = [[a, b], [c]]` with `--fuse hints` runs partitions as they are said",
    "map_inputs_to_partitions": "inputs are given by PE, in whatever partition it is",
    "total_size": "`sys.getsizeof` of the parts does what it was for",
}


def instead_of(module: str) -> str:
    """What to use in place of a module of dispel4py's; empty where we know nothing of it."""
    while module:
        if module in WITHOUT:
            return WITHOUT[module]
        module = module.rpartition(".")[0]
    return ""

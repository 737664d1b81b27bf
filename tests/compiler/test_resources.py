"""What a plan needs of a cluster: in the artefact, and in explain."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamparse.thrift import storm_thrift
from thriftpy2.protocol import TBinaryProtocolFactory
from thriftpy2.utils import deserialize

import sferic
from sferic.compiler.explain import explain_json, explain_text
from sferic.compiler.pipeline import Options, compile_plan
from sferic.compiler.resources import Asked, Need, resources
from sferic.compiler.targets.storm import make_artefact

STORM = Options(target="storm", fuse="none")


class Numbers(sferic.ProducerPE):
    def _process(self, inputs):
        yield 1


class Plain(sferic.IterativePE):
    numprocesses = 3

    def _process(self, item):
        return item


class Large(Plain):
    memory = 2000
    cpu = 1.5


def compiled(*pes, options=STORM, **settings):
    graph = sferic.WorkflowGraph("w")
    for source, target in zip(pes, pes[1:]):
        graph.connect(source, "output", target, "input")
    for pe in pes:
        for name, value in settings.items():
            setattr(pe, name, value)
    return compile_plan(graph, options)


def test_what_pes_say_and_what_they_do_not():
    plan = compiled(Numbers(), Large(), Plain()).plan
    needs = resources(plan)
    assert needs.stages["Numbers"] == Need(128, 128, 0.35)
    assert needs.stages["Large"] == Need(128, 2000, 1.6)
    assert needs.total(plan) == Need(128 * 8, 128 * 4 + 2000 * 3, pytest.approx(0.35 * 4 + 1.6 * 3 + 0.1))
    assert resources(plan, Asked(memory=500, cpu=2)).stages["Plain"] == Need(128, 500, 2.1)


def test_pes_that_share_a_process():
    graph = sferic.WorkflowGraph("w")
    large, small = Large(), Large()
    small.memory, small.cpu = 100, 0.5
    numbers = Numbers()
    graph.connect(numbers, "output", large, "input")
    graph.connect(large, "output", small, "input")
    graph.partitions = [[numbers], [large, small]]
    plan = compile_plan(graph, Options(target="storm", fuse="hints")).plan
    [stage] = [stage for stage in plan.stages if not stage.source]
    assert len(stage.pes) == 2
    assert resources(plan).stages[stage.id] == Need(128, 2100, 1.6), "they have memory each, and take turns"


def test_large_batches_want_heap_and_short_queues():
    batch = sferic.runtime.settings.BatchLimits(bytes=8 << 20)
    needs = resources(compiled(Numbers(), Plain(), batch=batch).plan)
    assert needs.stages["Plain"].on_heap == 64 + 4 * 16 * 8
    assert needs.queue == 32
    assert resources(compiled(Numbers(), Plain()).plan).queue == 256


@pytest.mark.parametrize(("instances", "workers"), [(1, 1), (15, 1), (16, 2), (47, 3)])
def test_a_worker_for_sixteen_processes(instances, workers):
    plain = Plain()
    plain.numprocesses = instances
    plan = compiled(Numbers(), plain).plan
    needs = resources(plan)
    assert needs.workers == workers
    assert resources(plan, Asked(5)).workers == 5
    assert needs.heap >= max(need.on_heap for need in needs.stages.values())


def test_schedulers_see_it(tmp_path):
    plan = compiled(Numbers(), Large()).plan
    artefact = make_artefact(
        plan, Path(tmp_path), name="a", python="python3", version="1", needs=resources(plan, Asked(4))
    )
    struct = deserialize(storm_thrift.StormTopology(), artefact.struct, TBinaryProtocolFactory())
    assert json.loads(struct.bolts["Large"].common.json_conf) == {
        "topology.component.resources.onheap.memory.mb": 128.0,
        "topology.component.resources.offheap.memory.mb": 2000.0,
        "topology.component.cpu.pcore.percent": 160.0,
    }
    assert json.loads(struct.bolts["results"].common.json_conf)["topology.component.resources.offheap.memory.mb"] == 0
    assert artefact.config["topology.workers"] == 4
    assert artefact.config["topology.worker.max.heap.size.mb"] == 128.0 * 3
    assert artefact.config["sferic.about"]["stages"] == [["Numbers", 1, ["Numbers"]], ["Large", 3, ["Large"]]]


def test_what_has_state_is_told():
    class Positioned(sferic.ProducerPE):
        def read(self, position):
            yield 1, 1

    class Bare(Plain):
        stateless = True

    assert _stateful(Numbers(), Plain()) == ["Numbers", "Plain"]
    assert _stateful(Positioned(), Bare()) == []


def _stateful(*pes):
    plan = compiled(*pes).plan
    return [pe.path for stage in plan.stages for pe in stage.pes if pe.stateful]


def test_explain_shows_it():
    found = compiled(Numbers(), Large())
    text = explain_text(found, STORM)
    assert "Large    × 3  128 MiB of a JVM  2000 MiB  1.6 cores   as its PEs say: memory, cpu" in text
    assert "1 worker, a JVM with a heap up to 768 MiB" in text
    told = explain_json(found, STORM)["resources"]
    assert told["stages"]["Large"] == {"on_heap": 128, "off_heap": 2000, "cores": 1.6}
    assert (told["workers"], told["heap"]) == (1, 768)
    assert told["asked"] == {"workers": None, "memory": None, "cpu": None}
    assert "resources" not in explain_json(compiled(Numbers(), Large(), options=Options()), Options())


def test_explain_shows_what_was_asked_for_and_what_pes_said_all_the_same():
    class Heavy(Plain):
        memory = 700

    found = compiled(Numbers(), Large(), Heavy())
    asked = Asked(workers=2, memory=300, cpu=0.5)
    section = explain_text(found, STORM, asked).partition("\nResources")[2].partition("\n\n")[0]
    rows = {row[0]: " ".join(row) for row in map(str.split, section.splitlines()[1:])}
    assert rows["Numbers"].endswith("300 MiB 0.6 cores as asked: memory, cpu")
    assert rows["Large"].endswith("2000 MiB 1.6 cores as its PEs say: memory, cpu")
    assert rows["Heavy"].endswith("700 MiB 0.6 cores as its PEs say: memory; as asked: cpu")
    assert "2 workers, a JVM with a heap up to 640 MiB each, as asked" in rows["all"]
    told = explain_json(found, STORM, asked)["resources"]
    assert told["asked"] == {"workers": 2, "memory": 300, "cpu": 0.5}
    assert told["stages"]["Heavy"] == {"on_heap": 128, "off_heap": 700, "cores": 0.6}
    assert (told["workers"], told["heap"]) == (2, 640)


class Counted(tuple):
    """Says how often it was gone through."""

    times = 0

    def __iter__(self):
        Counted.times += 1
        return super().__iter__()


def test_each_link_is_looked_at_a_few_times_however_many_stages_there_are():
    """Once a stage, two thousand PEs took a second."""
    graph, before = sferic.WorkflowGraph(), Numbers()
    for _ in range(50):
        after = Plain()
        graph.connect(before, "output", after, "input")
        before = after
    plan = compile_plan(graph, STORM).plan
    resources(replace(plan, links=Counted(plan.links)))
    assert 0 < Counted.times < 5

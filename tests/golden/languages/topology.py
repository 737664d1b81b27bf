"""The Storm topology languages, compiled by sferic 0.1.0 from languages.py.

Running this file writes topology.bin, the Thrift struct that Nimbus takes; NAME.jar carries the same.
"""

from pathlib import Path

from streamparse import Grouping, JavaBolt, JavaSpout, Stream, Topology
from thriftpy2.protocol import TBinaryProtocol
from thriftpy2.transport import TMemoryBuffer

BATCH = ["bucket", "batch"]  # fields of a link's tuples: the receiving instance, and the items for it
END = Stream(fields=["batch"], name="end")


class Workflow(Topology):
    # Messages
    stage_0 = JavaSpout.spec(
        name="Messages",
        full_class_name="sferic.HostSpout",
        args_list=["Messages"],
        par=1,
        config={
            "topology.component.resources.onheap.memory.mb": 128.0,
            "topology.component.resources.offheap.memory.mb": 128.0,
            "topology.component.cpu.pcore.percent": 35.0,
        },
        outputs=[
            Stream(fields=BATCH, name="l0"),
            END,
        ],
    )
    # Sentences
    stage_1 = JavaBolt.spec(
        name="Sentences",
        full_class_name="sferic.HostBolt",
        args_list=["Sentences"],
        par=3,
        config={
            "topology.component.resources.onheap.memory.mb": 128.0,
            "topology.component.resources.offheap.memory.mb": 128.0,
            "topology.component.cpu.pcore.percent": 35.0,
        },
        inputs={
            stage_0["l0"]: Grouping.fields("bucket"),
            stage_0["end"]: Grouping.ALL,
        },
        outputs=[
            Stream(fields=BATCH, name="l1"),
            Stream(fields=BATCH, name="l2"),
            END,
        ],
    )
    # CountWords
    stage_2 = JavaBolt.spec(
        name="CountWords",
        full_class_name="sferic.HostBolt",
        args_list=["CountWords"],
        par=2,
        config={
            "topology.component.resources.onheap.memory.mb": 128.0,
            "topology.component.resources.offheap.memory.mb": 128.0,
            "topology.component.cpu.pcore.percent": 35.0,
        },
        inputs={
            stage_1["l1"]: Grouping.fields("bucket"),
            stage_1["end"]: Grouping.ALL,
        },
        outputs=[
            Stream(fields=BATCH, name="l3"),
            END,
        ],
    )
    # CountLanguages
    stage_3 = JavaBolt.spec(
        name="CountLanguages",
        full_class_name="sferic.HostBolt",
        args_list=["CountLanguages"],
        par=2,
        config={
            "topology.component.resources.onheap.memory.mb": 128.0,
            "topology.component.resources.offheap.memory.mb": 128.0,
            "topology.component.cpu.pcore.percent": 35.0,
        },
        inputs={
            stage_1["l2"]: Grouping.fields("bucket"),
            stage_1["end"]: Grouping.ALL,
        },
        outputs=[
            Stream(fields=BATCH, name="l4"),
            END,
        ],
    )
    # Statistics
    stage_4 = JavaBolt.spec(
        name="Statistics",
        full_class_name="sferic.HostBolt",
        args_list=["Statistics"],
        par=1,
        config={
            "topology.component.resources.onheap.memory.mb": 128.0,
            "topology.component.resources.offheap.memory.mb": 128.0,
            "topology.component.cpu.pcore.percent": 35.0,
        },
        inputs={
            stage_2["l3"]: Grouping.fields("bucket"),
            stage_3["l4"]: Grouping.fields("bucket"),
            stage_2["end"]: Grouping.ALL,
            stage_3["end"]: Grouping.ALL,
        },
        outputs=[
            Stream(fields=BATCH, name="l5"),
            END,
        ],
    )
    # takes what comes out of unconnected ports
    results = JavaBolt.spec(
        name="results",
        full_class_name="sferic.ResultsBolt",
        args_list=[],
        par=1,
        config={
            "topology.component.resources.onheap.memory.mb": 128.0,
            "topology.component.resources.offheap.memory.mb": 0.0,
            "topology.component.cpu.pcore.percent": 10.0,
        },
        inputs={
            stage_4["l5"]: Grouping.fields("bucket"),
            stage_4["end"]: Grouping.ALL,
        },
    )


def thrift_struct() -> bytes:
    """The topology in Thrift's binary protocol."""
    buffer = TMemoryBuffer()
    Workflow.thrift_topology.write(TBinaryProtocol(buffer))
    return buffer.getvalue()


if __name__ == "__main__":
    Path("topology.bin").write_bytes(thrift_struct())

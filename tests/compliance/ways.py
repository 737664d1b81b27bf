"""Cases that are written as classes elsewhere, once more in the light way and in YAML: the same graph, on every target.

What only the light way and YAML have (functions, branches, folds) is here, too, each against a plain loop.
"""

import re
from collections import Counter
from pathlib import Path

from sferic import Workflow
from sferic.compiler.frontend.yaml_workflow import resolve_text
from sferic.runtime.resolved import build

from . import cases, graphs, groupings, pes

MODULES = {module.__name__.rpartition(".")[2]: module.__name__ for module in (cases, graphs, groupings, pes)}
MODULES["ways"] = __name__
_MODULE = re.compile(rf"\b({'|'.join(MODULES)}):(?=\w)")


def from_yaml(text):
    """The graph of a definition in which modules of this folder are called by their last names."""
    whole = _MODULE.sub(lambda found: f"{MODULES[found[1]]}:", f"workflow: case\n{text}")
    resolved, problems = resolve_text(whole, "case.yaml", Path.cwd(), {})
    assert not problems, problems
    graph = build(resolved, Path.cwd())
    assert not graph.flaws, graph.flaws
    return graph


def light_chain(wf):
    wf.source(pes.Numbers, 1000).apply(pes.Same).apply(pes.Total)


YAML_CHAIN = """
pes:
  Numbers: {use: pes:Numbers, with: {count: 1000}}
  Same: {use: pes:Same}
  Total: {use: pes:Total}
connections:
  - {from: Numbers, to: Same}
  - {from: Same.output, to: Total.input}
"""


def light_fork(wf):
    lists = wf.source(cases.Lists)
    lists.apply(cases.Append, name="left")
    lists.apply(cases.Append, name="right")


YAML_FORK = """
pes:
  Lists: {use: cases:Lists}
  left: &append {use: cases:Append}
  right: *append
connections:
  - {from: Lists, to: left}
  - {from: Lists, to: right}
"""


def light_join(wf):
    wf.join(cases.TwoInputs, a=wf.source(pes.Numbers, 100), b=wf.source(cases.Yields, 50))


YAML_JOIN = """
pes:
  Numbers: {use: pes:Numbers, with: {count: 100}}
  Yields: {use: cases:Yields, with: {count: 50}}
  TwoInputs: {use: cases:TwoInputs}
connections:
  - {from: Numbers, to: TwoInputs.a}
  - {from: Yields, to: TwoInputs.b}
"""


def light_pair(wf):
    numbers = wf.source(pes.Numbers(100))
    wf.join(cases.TwoInputs(), a=numbers, b=numbers)


YAML_PAIR = """
pes:
  Numbers: {use: pes:Numbers, with: {count: 100}}
  TwoInputs: {use: cases:TwoInputs}
connections:
  - {from: Numbers, to: TwoInputs.a}
  - {from: Numbers, to: TwoInputs.b}
"""


def light_retries(wf):
    wf.source(pes.Numbers, 20).apply(cases.Flaky)


YAML_RETRIES = """
pes:
  Numbers: {use: pes:Numbers, with: {count: 20}}
  Flaky: {use: cases:Flaky}
connections: [{from: Numbers, to: Flaky}]
"""


def light_ports(wf):
    wf.source(pes.Numbers, 10).apply(cases.TwoPorts)


YAML_PORTS = """
pes:
  Numbers: {use: pes:Numbers, with: {count: 10}}
  TwoPorts: {use: cases:TwoPorts}
connections: [{from: Numbers, to: TwoPorts}]
"""


def light_two_groupings(wf):
    numbers = wf.source(pes.Numbers, 4).to_one()
    ends = wf.source(pes.EndOfSource, 0).apply(graphs.Last).to_all()
    numbers.merge(ends).apply(graphs.Marked)


YAML_TWO_GROUPINGS = """
pes:
  Numbers: {use: pes:Numbers, with: {count: 4}}
  EndOfSource: {use: pes:EndOfSource, with: {count: 0}}
  Last: {use: graphs:Last}
  Marked: {use: graphs:Marked}
connections:
  - {from: EndOfSource, to: Last}
  - {from: Numbers, to: Marked, grouping: global}
  - {from: Last, to: Marked, grouping: all}
"""


def light_partitions(wf):
    source = wf.source(pes.Numbers, 50)
    first = source.map(graphs.doubled, numprocesses=2)
    second = first.map(graphs.doubled, by=10, numprocesses=2)
    order = second.apply(pes.Distinct)
    wf.partitions = [[source.pe], [first.pe, second.pe], [order.pe]]


YAML_PARTITIONS = """
parameters: {instances: 2}
pes:
  Numbers: {use: pes:Numbers, with: {count: 50}}
  doubled: {use: graphs:doubled, numprocesses: "${instances}"}
  doubled2: {use: graphs:doubled, with: {by: 10}, numprocesses: "${instances}"}
  Distinct: {use: pes:Distinct}
connections:
  - {from: Numbers, to: doubled}
  - {from: doubled, to: doubled2}
  - {from: doubled2, to: Distinct}
partitions: [[Numbers], [doubled, doubled2], [Distinct]]
"""


def light_composites(wf):
    wf.add(graphs.Whole())
    wf.add(graphs.Whole())


YAML_COMPOSITES = """
pes:
  Whole: {use: graphs:Whole}
  Whole2: {use: graphs:Whole}
"""


def light_group_by(wf):
    wf.source(groupings.Words).apply(groupings.WordCount, [0])


YAML_GROUP_BY = """
pes:
  Words: {use: groupings:Words}
  WordCount: {use: groupings:WordCount, with: {grouping: [0]}}
connections: [{from: Words, to: WordCount}]
"""

# The case as classes, in the light way, in YAML.
THREE_WAYS = [
    (cases.chain, light_chain, YAML_CHAIN),
    (cases.fork_gives_each_its_own, light_fork, YAML_FORK),
    (cases.join, light_join, YAML_JOIN),
    (cases.two_connections_between_one_pair, light_pair, YAML_PAIR),
    (cases.retries_drop_what_failed_attempts_wrote, light_retries, YAML_RETRIES),
    (cases.returned_dict_names_ports, light_ports, YAML_PORTS),
    (graphs.two_groupings_into_one_port, light_two_groupings, YAML_TWO_GROUPINGS),
    (graphs.partitions_of_several_instances, light_partitions, YAML_PARTITIONS),
    (graphs.a_composite_may_hold_all, light_composites, YAML_COMPOSITES),
    (groupings.group_by_field, light_group_by, YAML_GROUP_BY),
]


def in_light(build_it):
    wf = Workflow()
    build_it(wf)
    return wf


def _cases():
    for case, light, text in THREE_WAYS:
        for way, make in (("light", lambda light=light: in_light(light)), ("yaml", lambda text=text: from_yaml(text))):

            def once_more(case=case, make=make):
                return make(), case()[1]

            once_more.__name__ = f"{case.__name__}_{way}"
            yield once_more


LINES = ["to be or not to be", "", "that is the question"]
WORDS = " ".join(LINES).split()


def lines(times: int):
    for _ in range(times):
        yield from LINES


def split(line: str) -> list[str]:
    return line.split()


def long(word: str, least: int) -> bool:
    return len(word) >= least


def side(word):
    return {"t": "left", "b": "right"}.get(word[0])


def first(word):
    return word[0]


def functions_light():
    wf = Workflow()
    words = wf.source(lines, 3).flat_map(split)
    words.key_by(first, instances=2).count()
    words.filter(long, least=3).map(str.upper, name="loud", retries=1)
    sides = words.branch(side, "left", "right")
    sides["right"].merge(sides["left"]).map(len)
    return wf, {
        "count.output": [(letter, 3 * n) for letter, n in Counter(word[0] for word in WORDS).items()],
        "loud.output": [word.upper() for word in WORDS if len(word) >= 3] * 3,
        "len.output": [len(word) for word in WORDS if word[0] in "tb"] * 3,
    }


def functions_yaml():
    wf = from_yaml("""
parameters: {least: 3}
pes:
  lines: {use: ways:lines, as: source, with: {times: 3}}
  split: {use: ways:split, as: flat_map}
  long: {use: ways:long, as: filter, with: {least: "${least}"}}
  loud: {use: ways:upper, retries: 1}
  side: {use: ways:side, as: branch, ports: [left, right]}
  len: {use: builtins:len}
  seen: {use: ways:ignore, as: sink}
  count: {use: ways:more, as: fold, start: 0, numprocesses: 2}
  all: {use: ways:more, as: fold, start: 0}
  each: {use: ways:more, as: fold, start: 0, running: true}
connections:
  - {from: lines, to: split}
  - {from: split, to: long}
  - {from: long, to: loud}
  - {from: split, to: side, group_by: ways:first}
  - {from: side.left, to: len}
  - {from: side.right, to: len}
  - {from: len, to: seen}
  - {from: split, to: seen}
  - {from: split, to: count, group_by: ways:first}
  - {from: split, to: all}
  - {from: lines, to: each}
""")
    return wf, {
        "loud.output": [word.upper() for word in WORDS if len(word) >= 3] * 3,
        "count.output": [(letter, 3 * n) for letter, n in Counter(word[0] for word in WORDS).items()],
        "all.output": [3 * len(WORDS)],
        "each.output": list(range(1, 3 * len(LINES) + 1)),
    }


def upper(word):
    return word.upper()


def ignore(item):
    return item


def totals_of_all_and_running_ones():
    wf = Workflow()
    numbers = wf.source(range(5))
    numbers.fold(0, lambda total, number: total + number, name="sum")
    numbers.key_by(lambda number: number % 2, instances=2).fold(list, lambda seen, n: [*seen, n], name="seen")
    numbers.fold(0, lambda total, number: total + number, running=True, name="running")
    return wf, {
        "sum.output": [10],
        "seen.output": [(0, [0, 2, 4]), (1, [1, 3])],
        "running.output": [0, 1, 3, 6, 10],
    }


def all_nan_are_one_key():
    wf = Workflow()
    wf.source([float("nan"), 1.0, float("nan"), 1, True]).key_by(lambda number: number, instances=2).fold(0, more)
    return wf, {"more.output": [(float("nan"), 2), (1.0, 3)]}


def more(so_far, _):
    return so_far + 1


def words_of_fields():
    wf = Workflow()
    wf.source([{"place": "roof", "n": 1}, {"place": "cellar", "n": 2}, {"place": "roof", "n": 3}]).key_by(
        "place", instances=2
    ).fold(0, lambda total, reading: total + reading["n"], name="sum")
    return wf, {"sum.output": [("roof", 4), ("cellar", 2)]}


CASES = [
    *_cases(),
    functions_light,
    functions_yaml,
    totals_of_all_and_running_ones,
    all_nan_are_one_key,
    words_of_fields,
]

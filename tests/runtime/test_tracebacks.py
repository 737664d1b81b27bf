"""A traceback shows the user's frames: not ours, and not those of an attempt before."""

import pytest

import sferic


class Numbers(sferic.ProducerPE):
    def _process(self, inputs):
        yield 1


class Flaky(sferic.IterativePE):
    retries = 2

    def _process(self, number):
        try:
            return number / 0
        except ZeroDivisionError as error:
            raise ValueError("the user's own chain") from error


class WrongPort(sferic.IterativePE):
    def _process(self, number):
        self.write("outptu", number)


class WrongPortOfASource(sferic.ProducerPE):
    def _process(self, inputs):
        self.write("outptu", 1)


def traceback_of(*pes, on):
    graph = sferic.WorkflowGraph()
    graph.add(pes[0])
    for one, other in zip(pes, pes[1:]):
        graph.connect(one, "output", other, "input")
    (failure,) = sferic.run(graph, on=on, on_failure="skip").failures
    return failure["traceback"]


@pytest.mark.parametrize("on", ["local", "multi"])
def test_what_was_raised_by_attempts_before_is_left_out(on):
    told = traceback_of(Numbers(), Flaky(), on=on)
    assert told.count("Traceback (most recent call last)") == 2
    assert told.count("ZeroDivisionError: division by zero") == 1
    assert "direct cause" in told
    assert "During handling" not in told
    assert told.endswith("ValueError: the user's own chain\n")


@pytest.mark.parametrize("on", ["local", "multi"])
@pytest.mark.parametrize("pes", [(Numbers, WrongPort), (WrongPortOfASource,)])
def test_frames_of_ours_are_left_out_wherever_they_are(pes, on):
    told = traceback_of(*(pe() for pe in pes), on=on)
    assert [line for line in told.splitlines() if line.startswith("  File")] == [
        line for line in told.splitlines() if __file__ in line
    ]
    assert 'self.write("outptu"' in told


def test_an_error_without_any_frame_of_the_users_is_its_message(tmp_path):
    graph = sferic.WorkflowGraph()
    graph.connect(Numbers(), "output", sferic.SimpleFunctionPE(abs), "input", grouping=[3])
    graph.get_contained_objects()[1].numprocesses = 2
    (failure,) = sferic.run(graph, on="multi", on_failure="skip").failures
    assert failure["traceback"] == (
        "sferic.runtime.routing.KeyTypeError: abs.input: group-by position 3 needs a tuple or list, not int\n"
    )


class Mute(BaseException):
    def __str__(self):
        raise Mute

    __repr__ = __str__


class Gives(sferic.IterativePE):
    def _process(self, number):
        return Mute()


class RaisesMute(sferic.IterativePE):
    def _process(self, item):
        raise item


@pytest.mark.parametrize("fuse", ["auto", "none"])
def test_what_cannot_be_told_is_named_by_its_type(fuse):
    graph = sferic.WorkflowGraph()
    numbers, gives, raises = Numbers(), Gives(), RaisesMute()
    graph.connect(numbers, "output", gives, "input")
    graph.connect(gives, "output", raises, "input")
    (failure,) = sferic.run(graph, on="local", fuse=fuse, on_failure="skip").failures
    assert failure["error"] == "Mute, its str raised Mute"
    assert failure["item"] == "<Mute, its repr raised Mute>"

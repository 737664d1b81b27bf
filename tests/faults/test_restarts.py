"""A process that dies again and again is replaced ever more slowly, and nobody else waits for it."""

import os
import signal

import sferic

DEATHS = 8  # two at each of four items; the pauses before the last restarts are longer than a second


class Numbers(sferic.ProducerPE):
    batch = {"items": 1}

    def _process(self, inputs):
        yield from range(DEATHS // 2 + 1)


class Dies(sferic.IterativePE):
    """Always, at all items but the last. Notes how far its neighbours were when it died and when it was back."""

    stateless = True
    on_failure = "skip"

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def _preprocess(self):
        self.note("back")

    def _process(self, data):
        if data < DEATHS // 2:
            self.note("died")
            os.kill(os.getpid(), signal.SIGKILL)
        (self.folder / "over").touch()
        return data

    def note(self, what):
        with (self.folder / what).open("a") as out:
            out.write(f"{(self.folder / 'rounds').stat().st_size}\n")


class Rounds(sferic.ProducerPE):
    """Writes one item when the one before has arrived: each has to be carried for the next to come."""

    batch = {"items": 1}

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def _process(self, inputs):
        number = 0
        while not (self.folder / "over").exists():
            if (self.folder / "rounds").stat().st_size == number:
                number += 1
                yield number
            self.wait(0.001)


class Arrives(sferic.ConsumerPE):
    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def _process(self, data):
        with (self.folder / "rounds").open("a") as out:
            out.write(".")


def test_others_go_on_while_a_process_is_not_yet_replaced(watch, tmp_path):
    (tmp_path / "rounds").touch()
    graph, dies = sferic.WorkflowGraph(), Dies(tmp_path)
    graph.connect(Numbers(), "output", dies, "input")
    graph.connect(Rounds(tmp_path), "output", Arrives(tmp_path), "input")
    outcome = watch(graph, "multi")
    assert outcome.errors == []
    assert outcome.out("Dies") == [DEATHS // 2]
    assert len(outcome.told("died", "Dies")) == DEATHS
    died, back = ([int(line) for line in (tmp_path / name).read_text().split()] for name in ("died", "back"))
    rounds = [after - before for before, after in zip(died, back[1:], strict=True)]
    # Without a parent that carries there is none but what was under way.
    assert sum(rounds[-2:]) > 20, rounds

"""Runs a stream job: a DStream ticks, and at each tick the instances of all stages make supersteps."""

import base64
import queue
import secrets
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from textwrap import shorten
from typing import Any

from pyspark import RDD, SparkContext
from pyspark.streaming import StreamingContext

from sferic.runtime.host.failures import error_event
from sferic.runtime.loading import LoadingError
from sferic.runtime.local.attempt import Attempt, run_attempts
from sferic.runtime.observe import Observer, StopRequest
from sferic.runtime.spark import Pulse, StreamSettings
from sferic.runtime.spark.checkpoint import Checkpoint, Mark, NoCheckpoint
from sferic.runtime.spark.driver import tell, tried
from sferic.runtime.spark.flow import Flow
from sferic.runtime.spark.kept import Kept, Place, Report, reports
from sferic.runtime.spark.owner import OtherDriver, Owner
from sferic.runtime.spark.pacing import FIRST, next_most, worth
from sferic.runtime.spark.reason import reason
from sferic.runtime.spark.storage import Made, collected, written
from sferic.runtime.spark.tasks import Step, Superstep, Tasks, Ticking, end_instances, place

_TURN = 0.1  # seconds between looks at the stop request
_LOOK = 1.0  # the same at the checkpoint's folder
_NAME = 120  # characters of a superstep's name
_ALONE = 0.5  # of the interval: how long a source is waited for when nothing else is to be done
_BESIDE = 0.1  # the same while batches are on their way


Build = Callable[[StreamingContext, Ticking], None]


def run_stream(
    sc: SparkContext, flow: Flow, build: Build, observer: Observer, stop: StopRequest, settings: StreamSettings
) -> None:
    """Run the stream that `build` makes until its sources end, or `stop` asks for it; what happens goes to `observer`.

    When state was lost a finite run begins again once.
    """
    try:
        flow.import_definition()  # results may be of classes in it
        checkpoint = Checkpoint(sc, settings.checkpoint)
        owner = Owner(checkpoint, str(sc.applicationId))
        died = owner.take()
    except (LoadingError, NoCheckpoint, OtherDriver) as error:
        observer.event(error_event(str(error), "input"))
        return
    try:
        mark = checkpoint.last()
        if died and mark is not None and mark.ended and mark.plan == flow.plan.digest():
            _tell_end(mark, observer, settings)
            return
        if mark is not None:
            _refuse_other(mark, flow, settings)
        checkpoint.forget_stop()
        _tell_forgotten(mark, flow, observer)
        if settings.files is not None:
            settings.files.go_on(None if mark is None else mark.written, anew=mark is not None and mark.ended)

        def carry(attempt: Attempt) -> None:
            before = mark if mark is not None and (mark.ended or mark.attempt == attempt.number) else None
            Run(sc, flow, attempt, settings, checkpoint, owner, before).carry(build, stop)

        if mark is None or mark.ended:
            run_attempts(flow.plan, observer, carry)
        else:
            run_attempts(flow.plan, observer, carry, first=mark.attempt, key=base64.b64decode(mark.key))
    except OtherCheckpoint as error:
        observer.event(error_event(str(error), "input"))
    finally:
        owner.leave()


def _tell_end(mark: Mark, observer: Observer, settings: StreamSettings) -> None:
    """The run came to its end, and its driver died before it could say so: what was counted has the exit status."""
    if settings.files is not None:
        settings.files.go_on(mark.written)
    if settings.progress is not None:
        settings.progress.pulse(Pulse(written=_files(mark.written)))
    _log(
        observer,
        "the run before this one had come to its end, and its driver died before it said so: nothing is left to do",
    )


def _log(observer: Observer, text: str) -> None:
    observer.event({"event": "log", "level": 20, "pe": "sferic", "rank": 0, "text": text})


class OtherCheckpoint(RuntimeError):  # noqa: N818 - says what was met
    """A checkpoint of another job; the text says what to do."""


def _refuse_other(mark: Mark, flow: Flow, settings: StreamSettings) -> None:
    way_out = (
        "Go on with what it was made by, or begin anew: with another --checkpoint, or after removing that folder (what "
        "it holds is lost then: state, positions, and batches on their way)"
    )
    where = f"the checkpoint in {settings.checkpoint}"
    if mark.ended and flow.plan.endless:
        return  # only the sources go on, and each knows its own position
    if mark.plan != flow.plan.digest():
        raise OtherCheckpoint(
            f"{where} is of another plan: of another workflow, or of this one with other files, parameters or options. "
            f"{way_out}"
        )
    if mark.ended:
        raise OtherCheckpoint(f"{where} is of a run that has come to its end. {way_out}")
    if mark.sferic != settings.version:
        raise OtherCheckpoint(f"{where} was made by sferic {mark.sferic}, this is {settings.version}. {way_out}")


def _tell_forgotten(mark: Mark | None, flow: Flow, observer: Observer) -> None:
    """Sources of the run before, which came to its end, that there are no more."""
    if mark is None or not mark.ended:
        return
    _log(observer, "the run before this one was stopped: its sources go on where they were, all other state is new")
    here = {f"{stage.id}/{rank}" for stage in flow.plan.stages for rank in range(stage.instances)}
    for source in mark.tokens.keys() - here:
        stage, _, rank = source.rpartition("/")
        text = "it is not in this plan: where it was is forgotten"
        observer.event({"event": "log", "level": 30, "pe": stage, "rank": int(rank), "text": text})


@dataclass
class _Done:
    """What the driver knows of the instances."""

    finished: set[Place] = field(default_factory=set[Place])
    released: set[Place] = field(default_factory=set[Place])
    versions: dict[Place, str] = field(default_factory=dict[Place, str])
    sent: int = 0


class Run:
    """One attempt. Ticks come on a thread of Spark's, all else is on the driver's own."""

    def __init__(
        self,
        sc: SparkContext,
        flow: Flow,
        attempt: Attempt,
        settings: StreamSettings,
        checkpoint: Checkpoint,
        owner: Owner,
        before: Mark | None,
    ) -> None:
        self._sc = sc
        self._attempt = attempt
        self._settings = settings
        self._checkpoint = checkpoint
        self._owner = owner
        self.clock = checkpoint.make("clock")  # a folder in which no file ever is
        plan = flow.plan
        self._places = [(stage.id, rank) for stage in plan.stages for rank in range(stage.instances)]
        run = secrets.token_hex(6)
        partitions = min(len(self._places), max(2, sc.defaultParallelism))
        made = Made(sc)
        self._tasks = Tasks(
            flow, run, attempt.number, attempt.key, partitions, made, Step(0, frozenset(), False, 0.0, 0, False)
        )
        self._mark = Mark(
            settings.version,
            flow.plan.digest(),
            run,
            attempt.number,
            base64.b64encode(attempt.key).decode(),
            before.step if before else 0,
            before.state if before and not before.ended else "",
        )
        self._known = _Done()
        self._stopping = False
        self._over = threading.Event()
        self._ticking = threading.Lock()
        # Only the thread of the ticks makes a new one.
        self._pulse = Pulse(written=_files(before.written) if before else {})
        self._told: queue.Queue[list[Report] | BaseException] = queue.Queue()
        self._heard = threading.Event()  # the driver has done what the last superstep told
        self._endless = plan.endless
        self._most = FIRST
        self._number = self._mark.step
        self._kept = self._begin(before)

    def _begin(self, before: Mark | None) -> "RDD[Any]":
        if before is None or before.ended:
            tokens = {} if before is None else before.tokens
            new = [
                (number, Kept(stage, rank, token=base64.b64decode(tokens.get(f"{stage}/{rank}", ""))))
                for number, (stage, rank) in enumerate(self._places)
            ]
            return self._sc.parallelize(new, self._tasks.partitions).partitionBy(self._tasks.partitions, place)
        sc: Any = self._sc
        return sc._checkpointFile(before.state, sc.serializer)

    def carry(self, build: Build, stop: StopRequest) -> None:
        """Until every instance is done. Raises Over."""
        self._sc.setCheckpointDir(self._checkpoint.path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # DStreams are old, and here to stay
            ssc = StreamingContext(self._sc, self._settings.interval)  # pyright: ignore[reportArgumentType] - of seconds
        build(ssc, self)
        ssc.start()
        looked = time.monotonic()
        try:
            while not self._over.is_set() or not self._told.empty():
                self._stopping = self._stopping or stop.requested
                self._take()
                self._mine(self._owner.lives)
                if self._settings.progress is not None:
                    self._settings.progress.pulse(self._pulse)
                if time.monotonic() - looked > _LOOK:
                    looked = time.monotonic()
                    self._stopping = self._stopping or self._checkpoint.stop_requested
        finally:
            self._over.set()
            self._sc.cancelJobGroup(self._group)
            ssc.stop(stopSparkContext=False, stopGraceFully=False)
            with self._ticking:  # the last tick is over
                pass
            if self._settings.progress is not None:
                self._settings.progress.pulse(self._pulse)
            self._end()

    def _end(self) -> None:
        """Leave nothing behind, on no machine that had a part in it."""
        self._kept.unpersist()
        end_instances(self._tasks.run)
        if not str(self._sc.master).startswith("local"):
            run, tasks = self._tasks.run, 4 * self._sc.defaultParallelism
            self._sc.parallelize(range(tasks), tasks).foreach(lambda _: end_instances(run))

    @property
    def _group(self) -> str:
        return f"sferic-{self._tasks.run}"

    def _take(self) -> None:
        try:
            told = self._told.get(timeout=_TURN)
        except queue.Empty:
            return
        if isinstance(told, BaseException):
            self._mine(self._owner.check)  # another driver removes what it does not need
            self._attempt.event(error_event(f"Spark gave a superstep up: {reason(told)}"))
            return
        for report in told:
            tell(self._attempt, report.told)
        self._heard.set()

    def _mine(self, sure: Callable[[], None]) -> None:
        try:
            sure()
        except OtherDriver as error:
            self._attempt.event(error_event(str(error)))

    def tick(self, at: datetime, superstep: Superstep) -> None:
        """For `foreachRDD`: supersteps, as long as there is something on its way and the interval lasts. A tick that
        comes late, since the last one took long, is skipped."""
        late = (datetime.now() - at).total_seconds()  # noqa: DTZ005 - as Spark says it
        skipped = late > self._settings.interval
        was = self._pulse
        self._pulse = replace(was, ticks=was.ticks + 1, skipped=was.skipped + skipped, delay=max(0.0, late))
        if skipped:
            return
        with self._ticking:
            ends = time.monotonic() + self._settings.interval
            try:
                while not self._over.is_set():
                    if not self._superstep(superstep) or time.monotonic() > ends:
                        break
            except BaseException as error:  # noqa: BLE001 - it is told where the run is carried
                self._told.put(error)

    def _superstep(self, superstep: Superstep) -> bool:
        """True where the next one has something to do."""
        began = time.monotonic()
        number = self._number = self._number + 1  # one for each that is asked for: only what is made again is the same
        arrives = self._known.sent > 0 or not self._mark.state or not self._known.versions
        waits = _BESIDE if arrives else _ALONE
        step = Step(number, self._done(), self._stopping, waits * self._settings.interval, self._most, arrives)
        tasks, name = replace(self._tasks, step=step), self._name(step)
        self._sc.setJobGroup(self._group, name)
        if not (arrives or self._changes(superstep, tasks)):
            return False
        before, (kept, told) = self._kept, tried(self._sc, lambda: self._made(superstep, tasks, name))
        ended = self._known.finished
        self._known = _Done(
            {report.place for report in told if report.finished},
            {report.place for report in told if report.released},
            {report.place: report.version for report in told},
            sum(report.sent for report in told),
        )
        over = len(self._known.released) == len(self._places)
        if not self._tell(told):
            return False
        files = self._settings.files
        slowest = max(report.seconds for report in told)
        self._most = next_most(self._most, slowest, worth(time.monotonic() - began - slowest, self._settings.interval))
        self._mark = replace(
            self._mark,
            step=number,
            state=str(kept.getCheckpointFile()),
            written={} if files is None else files.written(),
            ended=over,
            tokens=self._tokens(told) if over and self._endless else {},
        )
        self._owner.check()
        self._checkpoint.write(self._mark)
        self._kept = kept
        before.unpersist()
        self._pulse = replace(
            self._pulse,
            supersteps=self._pulse.supersteps + 1,
            seconds=time.monotonic() - began,
            on_its_way=self._known.sent,
            written=_files(self._mark.written),
        )
        if over:
            self._over.set()
        return self._known.sent > 0 or self._known.finished != ended

    def _name(self, step: Step) -> str:
        """For Spark's pages: what still goes on."""
        stages = dict.fromkeys(stage for stage, _ in self._places if stage not in step.done)
        return shorten(f"superstep {step.number} of {', '.join(stages)}", _NAME, placeholder=" ...")

    def _changes(self, superstep: Superstep, tasks: Tasks) -> bool:
        """Does anything come of a superstep at which nothing arrives? If so it is made again, to be kept: asked the
        same, instances give the same answers."""
        told = tried(self._sc, lambda: collected(superstep(self._kept, tasks), reports))
        return {report.place: report.version for report in told} != self._known.versions

    def _made(self, superstep: Superstep, tasks: Tasks, name: str) -> "tuple[RDD[Any], list[Report]]":
        """A superstep, written, and what it tells."""
        kept = superstep(self._kept, tasks).setName(f"instances after superstep {tasks.step.number}")
        self._sc.setLocalProperty("callSite.short", name)  # of Spark's stage
        return kept, written(kept, tasks.made, reports)

    def _tell(self, told: list[Report]) -> bool:
        """Let the driver do what is told, before the superstep counts; False where that ends the run."""
        self._heard.clear()
        self._told.put([report for report in told if report.told])
        while not self._over.is_set():
            if self._heard.wait(_TURN):
                return True
        return False

    def _tokens(self, told: list[Report]) -> dict[str, str]:
        return {
            "/".join(map(str, self._places[report.place])): base64.b64encode(report.token).decode()
            for report in told
            if report.token
        }

    def _done(self) -> frozenset[str]:
        left = {stage for number, (stage, _) in enumerate(self._places) if number not in self._known.finished}
        return frozenset(stage for stage, _ in self._places) - left


def _files(written: Mapping[str, Any]) -> dict[str, Any]:
    """Whose files they are, and how long."""
    return {**written["files"], "of": written["of"]} if written else {}

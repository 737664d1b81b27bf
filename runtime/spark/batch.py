"""Runs a batch job: the stages of a flow as RDDs, each computed once, what happened and the results taken from each."""

import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from pyspark import RDD, SparkContext

from sferic.runtime.host.failures import error_event
from sferic.runtime.loading import LoadingError
from sferic.runtime.local.attempt import Attempt, run_attempts
from sferic.runtime.observe import Observer, StopRequest
from sferic.runtime.plan import RESULTS, Plan
from sferic.runtime.spark import Progress
from sferic.runtime.spark.driver import tell, tried
from sferic.runtime.spark.flow import Flow, Orders
from sferic.runtime.spark.reason import reason
from sferic.runtime.spark.records import Record, reports

_TURN = 0.1  # seconds between looks at the stop request
_MOST_JOBS = 64  # that wait for Spark at the same time

Stages = Mapping[str, "RDD[Record]"]
Build = Callable[[SparkContext, Orders], Stages]


def run_batch(
    sc: SparkContext,
    flow: Flow,
    build: Build,
    observer: Observer,
    stop: StopRequest,
    *,
    stop_file: str = "",
    progress: Progress | None = None,
) -> None:
    """Run the stages that `build` makes, persisted by it, to their end; what happens goes to `observer`.

    `stop_file`: made when `stop` asks for it, so that sources end; "" where tasks do not see this machine's files. When
    state was lost the run begins again once.
    """

    try:
        flow.import_definition()  # results may be of classes in it
    except LoadingError as error:
        observer.event(error_event(str(error), "input"))
        return

    def carry(attempt: Attempt) -> None:
        stages = build(sc, Orders(flow, attempt.number, attempt.key, stop_file))
        with _Jobs(sc, flow.plan, stages, attempt, progress) as jobs:
            jobs.carry(stop, stop_file)

    run_attempts(flow.plan, observer, carry)


class _Jobs:
    """One Spark job an instance: when it is done its report is here, and a stage begins when all before it are."""

    def __init__(
        self, sc: SparkContext, plan: Plan, stages: Stages, attempt: Attempt, progress: Progress | None
    ) -> None:
        self._sc = sc
        self._plan = plan
        self._stages = {name: rdd.setName(name) for name, rdd in stages.items()}
        self._attempt = attempt
        self._progress = progress
        self._group = f"sferic-{uuid.uuid4().hex[:12]}"
        self._pool = ThreadPoolExecutor(_MOST_JOBS, thread_name_prefix="sferic-job")
        self._left = {stage.id: stage.instances for stage in plan.stages}  # instances without a report
        self._senders = {
            stage.id: {link.from_stage for link in plan.links if link.to_stage == stage.id} for stage in plan.stages
        }
        self._running: dict[Future[list[Record]], str] = {}

    def __enter__(self) -> "_Jobs":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing of it goes on, nothing is kept."""
        if self._running:
            self._sc.cancelJobGroup(self._group)
        self._pool.shutdown(cancel_futures=True)
        for rdd in self._stages.values():
            rdd.unpersist()

    def carry(self, stop: StopRequest, stop_file: str) -> None:
        """Until every instance is done. Raises Over."""
        waiting = list(self._stages)
        while waiting or self._running:
            ready = [name for name in waiting if not any(self._left[sender] for sender in self._senders[name])]
            for name in ready:
                waiting.remove(name)
                self._submit(name)
            done, _ = wait(self._running, timeout=_TURN, return_when=FIRST_COMPLETED)
            for future in done:
                self._take(future)
            if stop.requested and stop_file:
                Path(stop_file).touch()
            if self._progress is not None:
                stages = self._plan.stages
                self._progress.stages({stage.id: stage.instances - self._left[stage.id] for stage in stages})

    def _submit(self, name: str) -> None:
        results = [link.id for link in self._plan.links if link.from_stage == name and link.to_stage == RESULTS]
        for rank in range(self._plan.stage(name).instances):
            self._running[self._pool.submit(self._report, name, rank, results)] = name

    def _report(self, name: str, rank: int, results: list[int]) -> list[Record]:
        self._sc.setJobGroup(self._group, f"{name}, instance {rank}")
        return tried(self._sc, lambda: self._sc.runJob(self._stages[name], reports(results), [rank]))

    def _take(self, future: "Future[list[Record]]") -> None:
        name = self._running.pop(future)
        try:
            records = future.result()
        except Exception as error:  # noqa: BLE001 - what else than Spark raised is raised again
            self._attempt.event(error_event(f"{name}: Spark gave its task up: {reason(error)}"))
            return
        self._left[name] -= 1
        tell(self._attempt, records)

"""How a Spark job is."""

import time
from collections.abc import Iterator
from typing import Any

from sferic.cluster.job_files import Shelf
from sferic.cluster.jobs import Job, State, state_of
from sferic.cluster.spark_submission import look_at_master, master_of, waits
from sferic.cluster.status import Face, Said, duration, place, rates, row_of
from sferic.runtime.plan import Plan, plan_from_json

_SILENT = 15.0  # seconds after which a driver that says nothing is worth a word
_OF_STREAMS = ("interval", "supersteps", "ticks", "skipped", "delay", "seconds", "on_its_way")


def look(job: Job, before: Said | None = None) -> Said:
    """Everything that is known of a job, as JSON has it. Rates are since `before`, an earlier look; without one, since
    its driver's start."""
    asked, state = job.asked, state_of(job)
    course, told = state.course, state.status
    plan = plan_from_json((job.artefact / "plan.json").read_text())
    stages = [(stage.id, stage.instances, [pe.path for pe in stage.pes]) for stage in plan.stages]
    now = time.time()
    began = told.get("started", asked.submitted)
    shelf = Shelf(job)
    result: Said = {
        "name": job.name,
        "id": told.get("app"),
        "time": now,
        "status": state.word,
        "mode": asked.mode,
        "master": asked.master,
        "version": asked.version,
        "plan": asked.plan,
        "uptime": int((told.get("at", now) if state.over else now) - began),
        "driver": course.driver.pid if course and course.driver and course.driver.alive else None,
        "restarts": course.restarts if course else 0,
        "why": course.why if course else "",
        "exit": course.exit if course else None,
        "failed": (told.get("error") or (course.why if course else "")) if state.word == "failed" else "",
        "error": told.get("error"),
        "silent": round(now - told["at"], 1) if not state.over and "at" in told else None,
        "checkpoint": (asked.checkpoint or str(job.checkpoint)) if asked.mode == "dstream" else None,
        "results": shelf.left("results"),
        "dead_letters": shelf.left("letters"),
        "log": str(job.log),
        "pes": _pes(plan, told),
        "stages": told.get("stages", {}),
        **{name: told[name] for name in _OF_STREAMS if name in told},
        **_at_master(job, state),
    }
    result["behind"] = _behind(result, before)
    place(result, stages)
    rates(result, before, [pe.path for stage in plan.stages for pe in stage.pes if pe.source])
    return result


def _pes(plan: Plan, told: Said) -> dict[str, Said]:
    counts: dict[str, Any] = told.get("pes", {})
    rows: dict[str, Said] = {}
    for stage in plan.stages:
        for pe in stage.pes:
            ready = stage.instances if "app" in told else 0
            rows[pe.path] = row_of({**counts.get(pe.path, {}), "ready": ready})
            rows[pe.path]["error"] = told.get("failures", {}).get(pe.path)
    return rows


def _at_master(job: Job, state: State) -> Said:
    look = None if state.over else look_at_master(job)
    app = None if look is None else look.applications.get(str(state.status.get("app")))
    master = master_of(job)
    if look is None or master is None or app is None or app.state not in ("WAITING", "RUNNING"):
        return {}
    executors = master.executors(look, app.id)
    said = {"state": app.state, "cores": app.cores, "executors": executors, "workers": len(look.workers)}
    return {"application": said, "waits": waits(job)}


def _behind(said: Said, before: Said | None) -> bool:
    """Do ticks come faster than batches are done?"""
    if "skipped" not in said:
        return False
    if before is not None and before["id"] == said["id"] and "skipped" in before:
        return said["skipped"] > before["skipped"]
    return max(said["delay"], said["seconds"]) > said["interval"]


def head(said: Said) -> Iterator[str]:
    """What is to be said of the job as a whole."""
    app = f", {said['id']}" if said["id"] else ""
    exit_status = f" with status {said['exit']}" if said["exit"] is not None else ""
    yield f"{said['name']}: {said['status']}{exit_status}, up {duration(said['uptime'])}{app} on {said['master']}"
    kind = "a stream" if said["mode"] == "dstream" else "a batch job"
    yield f"  {kind}, compiled by sferic {said['version']}, plan {said['plan'][:12]}"
    if driver := list(_driver(said)):
        yield f"  driver: {', '.join(driver)}"
    if "application" in said:
        yield f"  at the master: {_application(said['application'])}"
    if "supersteps" in said:
        yield (
            f"  batches: {said['supersteps']:,}, the last one took {said['seconds']:.1f} s; "
            f"a tick each {said['interval']:g} s, the last one {said['delay']:.1f} s late"
        )
    done = [f"{stage} {one['done']}/{one['instances']}" for stage, one in said["stages"].items()]
    if done:
        yield f"  instances that are done: {', '.join(done)}"


def _driver(said: Said) -> Iterator[str]:
    restarts = said["restarts"]
    if said["driver"]:
        yield f"process {said['driver']}"
    elif restarts and said["exit"] is None:
        yield "none at the moment"
    if restarts:
        times = f"started again {restarts} time{'s' * (restarts != 1)}"
        yield f"{times}: {said['why']}" if said["why"] else times


def _application(said: Said) -> str:
    count = said["executors"]
    executors = "" if count is None else f", {count} executor{'s' * (count != 1)}"
    return f"{said['state']}, {said['cores']} cores{executors}"


def notes(said: Said) -> Iterator[str]:
    """What is behind, what there is to fetch, and why it does not go on."""
    if said.get("waits"):
        yield f"  {said['waits']}"
    if said.get("skipped"):
        why = ": a batch takes longer than the interval" if said["behind"] else ""
        yield f"  {said['skipped']:,} of {said['ticks']:,} ticks were skipped{why}"
    elif said["behind"]:
        yield "  a batch takes longer than the interval: ticks will be skipped"
    if said["silent"] is not None and said["silent"] > _SILENT:
        yield f"  its driver has said nothing for {said['silent']:.0f} s"
    for kind, command in (("results", "results"), ("dead_letters", "dead-letters --name")):
        if said[kind]:
            yield f"  {kind.replace('_', ' ')} to fetch: {said[kind]:,} bytes. sferic {command} {said['name']}"
    if said["checkpoint"]:
        yield f"  checkpoint: {said['checkpoint']}"
    yield f"  log: {said['log']}"
    if said["status"] == "failed":
        yield f"  it cannot go on: {said['failed'] or 'see its log'}"
        yield f"  to try again: sferic resume {said['name']}"
    elif said["status"] == "interrupted":
        yield f"  nobody looks after its driver any more; to go on: sferic resume {said['name']}"
    elif said["error"]:
        yield f"  last error: {said['error']}"


JOB = Face(head, notes)

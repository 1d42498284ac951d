"""Metrics of processes and pools for Prometheus; those of programs are in `metrics_programs`."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import TypeAlias

from app.protocol.delta import Mirror
from app.records.pool import PoolState, WorkerState
from app.records.primitives import JsonDict
from app.records.process import State

from . import metrics_programs
from .metric_lines import head, labelled

Figure: TypeAlias = tuple[str, str, str, Callable[[JsonDict], int]]

MIMETYPE = "text/plain; version=0.0.4"
POOL_FIGURES: tuple[Figure, ...] = (
    ("workers", "gauge", "Living workers.", lambda pool: len(_living(pool))),
    ("workers_stuck", "gauge", "Stuck workers.", lambda pool: sum(map(_is_stuck, _living(pool)))),
    ("tasks_queued", "gauge", "Queued tasks.", itemgetter("queued")),
    ("tasks_running", "gauge", "Running tasks.", itemgetter("running")),
    ("tasks_done_total", "counter", "Tasks that returned.", itemgetter("done")),
    ("tasks_failed_total", "counter", "Tasks that raised.", itemgetter("failed")),
    ("tasks_lost_total", "counter", "Tasks lost with their worker.", itemgetter("lost")),
    ("tasks_retried_total", "counter", "Retried tasks.", itemgetter("retried")),
)


def text(state: Mirror) -> str:
    return "\n".join(_lines(state)) + "\n"


def _lines(state: Mirror) -> Iterator[str]:
    records = list(state.processes.values())
    counts = Counter(record["state"] for record in records)
    yield from head("procession_processes", "gauge", "Processes by state.")
    yield from (labelled("procession_processes", {"state": each}, counts[each]) for each in State)
    yield from head("procession_stuck", "gauge", "Stuck processes.")
    yield f"procession_stuck {sum(record['stuck'] is not None for record in records)}"
    yield from head("procession_descendants", "gauge", "Descendants of supervised processes.")
    yield f"procession_descendants {len(state.descendants)}"
    alive = [record for record in records if record["alive"]]
    yield from _per_process("procession_cpu_percent", "gauge", "CPU usage in percent of one core.", alive)
    yield from _per_process("procession_rss_bytes", "gauge", "Resident memory.", alive)
    yield from _per_process("procession_restarts", "counter", "Restarts, by request or by policy.", records)
    yield from _of_pools(list(state.pools.values()))
    yield from metrics_programs.lines(state)
    yield from _own(state.supervisor)


def _per_process(name: str, kind: str, help_text: str, records: Iterable[JsonDict]) -> Iterator[str]:
    field = name.removeprefix("procession_")
    shown = name + ("_total" if kind == "counter" else "")
    yield from head(shown, kind, help_text)
    for record in records:
        if record[field] is not None:
            yield labelled(shown, _labels(record), record[field])


def _of_pools(pools: list[JsonDict]) -> Iterator[str]:
    counts = Counter(pool["state"] for pool in pools)
    yield from head("procession_pools", "gauge", "Pools by state.")
    yield from (labelled("procession_pools", {"state": each}, counts[each]) for each in PoolState)
    for name, kind, help_text, figure in POOL_FIGURES:
        yield from head(f"procession_pool_{name}", kind, help_text)
        yield from (labelled(f"procession_pool_{name}", _pool_labels(pool), figure(pool)) for pool in pools)


def _own(supervisor: JsonDict) -> Iterator[str]:
    for field in ("cpu_percent", "rss_bytes", "fds"):
        if supervisor[field] is not None:
            name = f"procession_supervisor_{field}"
            yield from head(name, "gauge", f"{field} of the supervisor process.")
            yield f"{name} {supervisor[field]}"


def _labels(record: JsonDict) -> dict[str, str]:
    # The target of a process of a program may be a command.
    target = "" if record["program"] else record["target"] or ""
    return {"id": record["id"], "name": record["name"], "workload": record["workload"] or target}


def _pool_labels(pool: JsonDict) -> dict[str, str]:
    return {"id": pool["id"], "name": pool["name"]}


def _living(pool: JsonDict) -> list[JsonDict]:
    return [worker for worker in pool["workers"] if worker["state"] != WorkerState.ENDED]


def _is_stuck(worker: JsonDict) -> bool:
    return worker["stuck"] is not None

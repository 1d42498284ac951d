"""Metrics of observed programs: how many, their findings, and how full their queues are."""

from collections import Counter
from collections.abc import Iterable, Iterator

from app.protocol.delta import Mirror
from app.records.primitives import JsonDict
from app.records.waits import FindingKind

from .metric_lines import head, labelled

QUEUES = frozenset({"queue", "joinable_queue"})
#: Each queue has a line in three metrics; more than a few hundred are of no use.
MAX_QUEUES = 500
QUEUE_FIGURES = (
    ("size", "Items in the queue."),
    ("unfinished", "Items without a call of task_done()."),
    ("pipe_bytes", "Bytes in the pipe of the queue."),
)


def lines(state: Mirror) -> Iterator[str]:
    programs = list(state.programs.values())
    yield from head("procession_programs", "gauge", "Observed programs by state.")
    counts = Counter({"running": 0}) + Counter(program["state"] for program in programs)
    yield from (labelled("procession_programs", {"state": each}, counts[each]) for each in sorted({*counts, "running"}))
    yield from head("procession_program_not_seen_total", "counter", "Reports of a program that were lost.")
    yield from (labelled("procession_program_not_seen_total", _labels(each), each["not_seen"]) for each in programs)
    yield from _findings(state.waits)
    yield from _queues(state.resources.values())


def _findings(waits: JsonDict) -> Iterator[str]:
    counts = Counter(finding["kind"] for finding in waits.get("findings", ()))
    yield from head("procession_findings", "gauge", "Current findings by kind.")
    yield from (labelled("procession_findings", {"kind": each}, counts[each]) for each in FindingKind)
    yield from head("procession_waits", "gauge", "Processes that wait for a resource or another process.")
    yield f"procession_waits {len({edge['pid'] for edge in waits.get('edges', ())})}"


def _queues(resources: Iterable[JsonDict]) -> Iterator[str]:
    queues = [resource for resource in resources if resource["kind"] in QUEUES][:MAX_QUEUES]
    for field, help_text in QUEUE_FIGURES:
        name = f"procession_queue_{field}"
        yield from head(name, "gauge", help_text)
        known = (queue for queue in queues if queue[field] is not None)
        yield from (
            labelled(name, _labels(queue) | {"program": queue["program"] or ""}, queue[field]) for queue in known
        )


def _labels(record: JsonDict) -> dict[str, str]:
    return {"id": record["id"], "name": record["name"]}

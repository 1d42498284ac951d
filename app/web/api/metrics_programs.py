"""The figures of observed programs for `metrics`: how many, what is wrong with them, how full their queues are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from app.protocol.delta import Mirror
from app.records.primitives import JsonDict
from app.records.waits import FindingKind

from .metric_lines import head, labelled

QUEUES = frozenset({"queue", "joinable_queue"})
#: One line per queue: more than a few hundred are of no use to anybody.
MAX_QUEUES = 500
QUEUE_FIGURES = (
    ("size", "Items that were put and not yet taken."),
    ("unfinished", "Items for which task_done() was not called yet."),
    ("pipe_bytes", "Bytes in the pipe."),
)


def lines(state: Mirror) -> Iterator[str]:
    """All of them."""
    programs = list(state.programs.values())
    yield from head("procession_programs", "gauge", "Observed programs by state.")
    counts = Counter({"running": 0}) + Counter(program["state"] for program in programs)
    yield from (labelled("procession_programs", {"state": each}, counts[each]) for each in sorted({*counts, "running"}))
    yield from head("procession_program_not_seen_total", "counter", "Reports of a program that got lost.")
    yield from (labelled("procession_program_not_seen_total", _labels(each), each["not_seen"]) for each in programs)
    yield from _findings(state.waits)
    yield from _queues(state.resources.values())


def _findings(waits: JsonDict) -> Iterator[str]:
    counts = Counter(finding["kind"] for finding in waits.get("findings", ()))
    yield from head("procession_findings", "gauge", "What is wrong with programs just now, by kind.")
    yield from (labelled("procession_findings", {"kind": each}, counts[each]) for each in FindingKind)
    yield from head("procession_waits", "gauge", "Processes that wait for a resource or for another process.")
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

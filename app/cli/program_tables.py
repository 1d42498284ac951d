"""The tables of programs, resources and waits, and findings as paragraphs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

from app.records import wording
from app.records.program import Program
from app.records.resource import Resource, ResourceKind
from app.records.waits import Certainty, Edge, Finding, FindingKind, Waits

from . import tables

PROGRAM_HEAD = ("ID", "NAME", "PID", "STATE", "EXIT", "PROCESSES", "OBSERVED", "NOT SEEN", "COMMAND")
RESOURCE_HEAD = ("ID", "PROGRAM", "KIND", "NAME", "USERS", "WAITING", "WHAT")
EDGE_HEAD = ("PID", "PROCESS", "WAIT")
COMMAND_CHARACTERS = 60
HOLDERS_SHOWN = 3
VALUES_SHOWN = 8
WIDTH = 100


def write_programs(programs: Iterable[Program]) -> None:
    """Write the table of `procession programs`."""
    shown = list(programs)
    tables.write_table(PROGRAM_HEAD, [_program_row(program) for program in shown])
    for program in shown:
        if program.unobserved and not program.observed:
            tables.write("")
            tables.write(f"{program.id} is not observed")
            _write_paragraph(program.unobserved)


def write_resources(resources: Iterable[Resource]) -> None:
    """Write the table of `procession resources`."""
    tables.write_table(RESOURCE_HEAD, [_resource_row(resource) for resource in resources])


def write_waits(
    waits: Waits, names: Mapping[int, str], resources: Mapping[str, Resource], now: float | None = None
) -> None:
    """Write the table of `procession waits`, and the findings and notes as paragraphs."""
    if waits.edges:
        tables.write_table(EDGE_HEAD, [_edge_row(edge, names, resources) for edge in waits.edges])
    for finding in waits.findings:
        _write_finding(finding)
    for note in waits.notes:
        tables.write("")
        lasts = "" if now is None else f", since {wording.duration(now - note.since)} ago"
        tables.write(f"{note.title}, in {note.program}{lasts}")
        _write_paragraph(note.text)
    if not (waits.edges or waits.findings or waits.notes):
        tables.write("No process is waiting, and there are no findings.")


def _write_finding(finding: Finding) -> None:
    tables.write("")
    where = f" in {finding.program}" if finding.program else ""
    grade = "" if finding.certainty is Certainty.CERTAIN else f", {finding.certainty}"
    tables.write(f"{finding.kind}{where}{grade}")
    for text in (finding.text, finding.why, f"What to do: {finding.cure}"):
        _write_paragraph(text)
    if finding.kind is FindingKind.ABANDONED_LOCK and finding.resources:
        tables.write(f"  procession break {finding.resources[0]}")


def _write_paragraph(text: str) -> None:
    for line in textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  "):
        tables.write(line)


def _program_row(program: Program) -> tuple[object, ...]:
    command = " ".join(program.command)
    return (
        program.id,
        program.name,
        program.pid,
        program.state,
        program.exitcode,
        program.processes,
        program.observed,
        program.not_seen or None,
        command if len(command) <= COMMAND_CHARACTERS else f"{command[:COMMAND_CHARACTERS]}…",
    )


def _resource_row(resource: Resource) -> tuple[object, ...]:
    return (
        resource.id,
        resource.program,
        resource.kind,
        resource.name,
        len(resource.users),
        len(resource.waiting) or None,
        ", ".join(_state(resource)),
    )


def _edge_row(edge: Edge, names: Mapping[int, str], resources: Mapping[str, Resource]) -> tuple[object, ...]:
    joined = edge.holders if edge.of is None else (edge.of,)
    awaited = wording.resource_name(resources, edge.resource) if edge.resource else _named(joined, names)
    wait = f"{edge.phrase} {awaited}"
    if edge.ended_by:
        able = edge.holders if edge.unblockers is None else edge.unblockers
        wait = f"{wait}, {edge.ended_by} {_named(able, names)}".rstrip()
    return edge.pid, names.get(edge.pid), wait


def _named(pids: Sequence[int], names: Mapping[int, str]) -> str:
    """Return ``worker-1 (12), worker-2 (13)``; of many the first."""
    shown = ", ".join(f"{names.get(pid, 'pid')} ({pid})" for pid in pids[:HOLDERS_SHOWN])
    return f"{shown} and {len(pids) - HOLDERS_SHOWN} more" if len(pids) > HOLDERS_SHOWN else shown


def _state(resource: Resource) -> Iterator[str]:
    """Yield what a resource's kind shows of its state."""
    details = list(_details(resource))
    if resource.figure and not (details and resource.kind in (ResourceKind.LOCK, ResourceKind.RLOCK)):
        yield resource.figure
    yield from details


def _details(resource: Resource) -> Iterator[str]:
    match resource.kind:
        case ResourceKind.QUEUE | ResourceKind.JOINABLE_QUEUE | ResourceKind.SIMPLE_QUEUE | ResourceKind.PIPE:
            yield from _of_queue(resource)
        case ResourceKind.LOCK | ResourceKind.RLOCK | ResourceKind.SEMAPHORE | ResourceKind.BOUNDED_SEMAPHORE:
            yield from _of_lock(resource)
        case ResourceKind.VALUE | ResourceKind.ARRAY:
            yield from (str(value) for value in (resource.values or ())[:VALUES_SHOWN])
        case _:
            yield from _counted(resource, "objects", "queued", "done", "connections")
            if resource.address:
                yield resource.address
            if resource.size_bytes is not None:
                yield tables.size(resource.size_bytes)


def _of_queue(resource: Resource) -> Iterator[str]:
    if resource.unfinished is not None:
        yield f"{resource.unfinished:,} unfinished"
    if buffered := sum(count for count in (resource.buffered or {}).values() if isinstance(count, int)):
        yield f"{buffered:,} buffered"
    if resource.pipe_bytes is not None:
        yield f"{tables.size(resource.pipe_bytes)} in the pipe"


def _of_lock(resource: Resource) -> Iterator[str]:
    if resource.acquired_by:
        yield f"acquired by {', '.join(map(str, resource.acquired_by))}"
    if resource.lost:
        yield f"never released by {_dead(resource.holder)}"
    elif resource.abandoned:
        yield f"abandoned by {_dead(resource.holder)}"
    elif resource.holder is not None:
        yield f"held by {resource.holder}" + (f" for {tables.duration(resource.held_s)}" if resource.held_s else "")


def _dead(holder: int | None) -> str:
    return f"dead pid {holder}" if holder else "a dead process"


_ONE = {"objects": "object", "connections": "connection"}


def _counted(resource: Resource, *names: str) -> Iterator[str]:
    for name in names:
        count = getattr(resource, name)
        if count is not None:
            yield f"{count} {_ONE.get(name, name) if count == 1 else name}"

"""What the command line writes about programs for people; see `output`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping

from app.records import wait_words, wording
from app.records.program import Program
from app.records.resource import Resource, ResourceKind
from app.records.waits import Edge, Finding, FindingKind, Waits

from . import tables as output

PROGRAM_HEAD = ("ID", "NAME", "PID", "STATE", "EXIT", "PROCESSES", "OBSERVED", "NOT SEEN", "COMMAND")
RESOURCE_HEAD = ("ID", "PROGRAM", "KIND", "NAME", "USERS", "WAITING", "WHAT")
EDGE_HEAD = ("PID", "PROCESS", "WAITS", "FOR", "WHICH")
COMMAND_SHOWN = 60
LIBERATORS_SHOWN = 3
WIDTH = 100


def write_programs(programs: Iterable[Program]) -> None:
    """The table of `procession programs`."""
    shown = list(programs)
    output.write_table(PROGRAM_HEAD, [_program_row(program) for program in shown])
    for program in shown:
        if program.unobserved and not program.observed:
            output.write(f"\n{program.id} is not observed")
            _write_paragraph(program.unobserved)


def write_resources(resources: Iterable[Resource]) -> None:
    """The table of `procession resources`."""
    output.write_table(RESOURCE_HEAD, [_resource_row(resource) for resource in resources])


def write_waits(waits: Waits, names: Mapping[int, str], resources: Mapping[str, Resource]) -> None:
    """The table of `procession waits`, and the findings as paragraphs."""
    if waits.edges:
        output.write_table(EDGE_HEAD, [_edge_row(edge, names, resources) for edge in waits.edges])
    for finding in waits.findings:
        _write_finding(finding)
    if not (waits.edges or waits.findings):
        output.write("nobody waits for anybody, and nothing is wrong")


def _write_finding(finding: Finding) -> None:
    output.write(f"\n{finding.kind} in {finding.program or 'no program'}")
    for text in (finding.text, finding.why, f"What to do: {finding.cure}"):
        _write_paragraph(text)
    if finding.kind is FindingKind.ABANDONED_LOCK and finding.resources:
        output.write(f"  procession break {finding.resources[0]}")


def _write_paragraph(text: str) -> None:
    output.write(textwrap.fill(output.clean(text), WIDTH, initial_indent="  ", subsequent_indent="  "))


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
        command if len(command) <= COMMAND_SHOWN else f"{command[:COMMAND_SHOWN]}…",
    )


def _resource_row(resource: Resource) -> tuple[object, ...]:
    return (
        resource.id,
        resource.program,
        resource.kind,
        resource.name,
        len(resource.users),
        len(resource.waiting) or None,
        ", ".join(_told(resource)),
    )


def _edge_row(edge: Edge, names: Mapping[int, str], resources: Mapping[str, Resource]) -> tuple[object, ...]:
    resource = resources.get(edge.resource or "")
    awaited = _awaited(edge, names, resources)
    return edge.pid, names.get(edge.pid), edge.to, awaited, _liberators(edge, names, resource)


def _awaited(edge: Edge, names: Mapping[int, str], resources: Mapping[str, Resource]) -> str | None:
    if edge.of is not None:
        return f"{names.get(edge.of, 'pid')} ({edge.of})"
    if edge.resource is None:
        return "a message"
    return wording.resource_name(resources, edge.resource)


def _liberators(edge: Edge, names: Mapping[int, str], resource: Resource | None) -> str:
    """``held by worker-1 (12)``, ``set by …``."""
    if edge.of is not None:
        return "must end first"
    if resource is not None and resource.abandoned:
        return "is held by a process that is dead"
    able = wait_words.unblockers(edge, resource)
    if not able:
        return "nobody who is there can end"
    shown = [f"{names.get(pid, 'pid')} ({pid})" for pid in able[:LIBERATORS_SHOWN]]
    more = f" and {len(able) - LIBERATORS_SHOWN} more" if len(able) > LIBERATORS_SHOWN else ""
    return f"{wait_words.unblocking(edge, resource, several=len(able) > 1).label} {', '.join(shown)}{more}"


def _told(resource: Resource) -> Iterator[str]:
    """What is worth saying of it, by kind."""
    match resource.kind:
        case ResourceKind.QUEUE | ResourceKind.JOINABLE_QUEUE | ResourceKind.SIMPLE_QUEUE | ResourceKind.PIPE:
            yield from _of_queue(resource)
        case ResourceKind.LOCK | ResourceKind.RLOCK | ResourceKind.SEMAPHORE | ResourceKind.BOUNDED_SEMAPHORE:
            yield from _of_lock(resource)
        case ResourceKind.VALUE | ResourceKind.ARRAY:
            yield from (str(value) for value in (resource.values or ())[:8])
        case _:
            yield from _counted(resource, "sleepers", "arrived", "parties", "objects", "queued", "done", "connections")
            if resource.flag is not None:
                yield "set" if resource.flag else "not set"
            if resource.broken:
                yield "broken"
            if resource.address:
                yield resource.address
            if resource.size_bytes is not None:
                yield output.size(resource.size_bytes)


def _of_queue(resource: Resource) -> Iterator[str]:
    if resource.size is not None:
        yield f"{resource.size} of {resource.maxsize} items" if resource.maxsize else f"{resource.size} items"
    if resource.unfinished is not None:
        yield f"{resource.unfinished} unfinished"
    if buffered := sum(count for count in (resource.buffered or {}).values() if isinstance(count, int)):
        yield f"{buffered} in feeders"
    if resource.pipe_bytes is not None:
        yield f"{output.size(resource.pipe_bytes)} in the pipe"


def _of_lock(resource: Resource) -> Iterator[str]:
    if resource.maximum not in (None, 1) and resource.value is not None:
        yield f"{resource.value} of {resource.maximum} free"
    if resource.acquired_by:
        yield f"acquired by {', '.join(map(str, resource.acquired_by))}"
    if resource.lost:
        yield f"{resource.lost} lost with {resource.holder or 'a dead process'}"
    elif resource.abandoned:
        yield f"abandoned by {resource.holder or 'a dead process'}"
    elif resource.holder is not None:
        yield f"held by {resource.holder}" + (f" for {output.duration(resource.held_s)}" if resource.held_s else "")
    elif resource.value == 0 and resource.kind in (ResourceKind.LOCK, ResourceKind.RLOCK):
        yield "held"


_ONE = {"sleepers": "sleeper", "parties": "party", "objects": "object", "connections": "connection"}


def _counted(resource: Resource, *names: str) -> Iterator[str]:
    for name in names:
        count = getattr(resource, name)
        if count is not None:
            yield f"{count} {_ONE.get(name, name) if count == 1 else name}"

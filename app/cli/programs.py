"""What the commands about programs do with a running instance; see `commands`.  `run` is in `foreground`."""

from __future__ import annotations

from argparse import Namespace

from app.protocol.programs import BreakLock
from app.records.stream import Snapshot
from app.records.waits import Waits

from . import program_tables as program_output
from . import tables as output
from .session import BY, Session


def programs(session: Session, args: Namespace) -> None:
    """Every program, as a table."""
    found = sorted(session.snapshot().programs, key=lambda program: (len(program.id), program.id))
    if args.json:
        output.write_json(found)
    else:
        program_output.write_programs(found)


def resources(session: Session, args: Namespace) -> None:
    """What programs hold, as a table."""
    snapshot = session.snapshot()
    of = session.find_program(args.program, snapshot).id if args.program else None
    found = [one for one in snapshot.resources if of in (None, one.program) and args.kind in (None, one.kind)]
    if args.json:
        output.write_json(found)
    else:
        # What a queue or a condition is made of says little to most; JSON has it.
        program_output.write_resources(one for one in found if one.part_of is None)


def waits(session: Session, args: Namespace) -> None:
    """Who waits for what, then what is wrong, in sentences."""
    snapshot = session.snapshot()
    told = _of_one(snapshot, session.find_program(args.program, snapshot).id) if args.program else snapshot.waits
    if args.json:
        output.write_json(told)
    else:
        program_output.write_waits(told, _names(snapshot), {one.id: one for one in snapshot.resources})


def _of_one(snapshot: Snapshot, program: str) -> Waits:
    """The waits of one program alone."""
    pids = {one.pid for one in snapshot.processes if one.program == program}
    edges = tuple(one for one in snapshot.waits.edges if one.pid in pids)
    cycles = tuple(one for one in snapshot.waits.cycles if pids & set(one))
    findings = tuple(one for one in snapshot.waits.findings if one.program == program)
    return Waits(edges=edges, cycles=cycles, findings=findings)


def break_lock(session: Session, args: Namespace) -> None:
    """Release a lock in the place of its dead holder."""
    answer = session.ask(lambda request: BreakLock(request=request, by=BY, resource=args.resource))
    if args.json:
        output.write_json(answer)
    else:
        output.write(output.clean(answer["text"]))


def _names(snapshot: Snapshot) -> dict[int, str]:
    """The names of living processes by pid, those of dead ones where the pid was not taken again."""
    known = sorted(snapshot.processes, key=lambda process: process.alive)
    return {process.pid: process.name for process in known if process.pid is not None}

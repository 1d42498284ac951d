"""The commands about programs and what they hold; what `run` does is in `run`."""

from __future__ import annotations

from argparse import REMAINDER, ArgumentParser, Namespace

from app.protocol.programs import BreakLock
from app.records.resource import ResourceKind
from app.records.stream import Snapshot
from app.records.waits import Waits

from . import program_tables as program_output
from . import tables as output
from .arguments import Add
from .session import BY, Session

PROGRAM = "the id of a program, or its name where only one has it"


def add_commands(add: Add) -> None:
    """Add the commands about programs."""
    _run_options(add("run", "run a program in this terminal, and see inside it from the page", of_one=False))
    add("programs", "list the observed programs", programs, of_one=False)
    held = add("resources", "list what programs hold: queues, locks …", resources, of_one=False)
    held.add_argument("--program", metavar="ID", help=PROGRAM)
    held.add_argument("--kind", choices=tuple(map(str, ResourceKind)), help="of one kind only")
    about = "who waits for what, and what is wrong: deadlocks, abandoned locks …"
    graph = add("waits", about, waits, of_one=False)
    graph.add_argument("--program", metavar="ID", help=PROGRAM)
    of_lock = add("break", "release a lock whose holder is dead", break_lock, of_one=False)
    of_lock.add_argument("resource", metavar="RESOURCE", help="the id of a lock or a semaphore, see resources")


def _run_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--name", help="what to call it (default: the name of its script)")
    add("--safe-pool", action="store_true", help="let procession.Pool take the place of multiprocessing.Pool in it")
    add("--track-owners", action="store_true", help="note who takes each lock; a lock then costs up to three times")
    add("--anyway", action="store_true", help="where no instance is running, run it without observation")
    add("argv", nargs=REMAINDER, metavar="COMMAND…", help="the program with its arguments")
    parser.set_defaults(parser=parser)


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


def command_of(args: Namespace) -> list[str]:
    """What is to be run; wrong usage where it is nothing."""
    argv: list[str] = args.argv[1:] if args.argv[:1] == ["--"] else args.argv
    if not argv or not argv[0]:
        args.parser.error("name the program to run, for example: procession run -- python train.py")
    return argv

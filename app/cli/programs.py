"""The commands for programs and their resources; `run` has what `procession run` does."""

from argparse import REMAINDER, ArgumentParser, Namespace

from app.protocol.programs import BreakLock
from app.records.resource import ResourceKind
from app.records.stream import Snapshot
from app.records.waits import Waits

from . import program_tables, tables
from .arguments import Add
from .session import Session

PROGRAM = "id of a program, or its name if that is unique"


def add_commands(add: Add) -> None:
    _run_options(add("run", "run a program in this terminal, and observe it", of_one=False))
    add("programs", "list the observed programs", programs, of_one=False)
    held = add("resources", "list the queues, locks and other resources of programs", resources, of_one=False)
    held.add_argument("--program", metavar="ID", help=PROGRAM)
    held.add_argument("--kind", choices=tuple(map(str, ResourceKind)), help="only resources of this kind")
    about = "show who waits for what, and findings such as deadlocks and abandoned locks"
    graph = add("waits", about, waits, of_one=False)
    graph.add_argument("--program", metavar="ID", help=PROGRAM)
    of_lock = add("break", "release a lock whose holder is dead", break_lock, of_one=False)
    of_lock.add_argument("resource", metavar="RESOURCE", help="id of a lock or a semaphore, see `procession resources`")


def _run_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--name", help="name of the program (default: the name of its script)")
    add("--safe-pool", action="store_true", help="replace multiprocessing.Pool with procession.Pool in the program")
    add("--track-owners", action="store_true", help="record who acquires each lock; makes locks up to 3 times slower")
    add("--anyway", action="store_true", help="if no instance is running, run the program without observing it")
    add("argv", nargs=REMAINDER, metavar="COMMAND…", help="program and arguments")
    parser.set_defaults(parser=parser)


def programs(session: Session, args: Namespace) -> None:
    found = sorted(session.snapshot().programs, key=lambda program: (len(program.id), program.id))
    if args.json:
        tables.write_json(found)
    else:
        program_tables.write_programs(found)


def resources(session: Session, args: Namespace) -> None:
    snapshot = session.snapshot()
    of = session.find_program(args.program, snapshot).id if args.program else None
    found = [one for one in snapshot.resources if of in (None, one.program) and args.kind in (None, one.kind)]
    if args.json:
        tables.write_json(found)
    else:
        # The locks inside a queue or a condition are left out; JSON has them.
        program_tables.write_resources(one for one in found if one.part_of is None)


def waits(session: Session, args: Namespace) -> None:
    """Print who waits for what, and the findings."""
    snapshot = session.snapshot()
    found = _of_one(snapshot, session.find_program(args.program, snapshot).id) if args.program else snapshot.waits
    if args.json:
        tables.write_json(found)
    else:
        program_tables.write_waits(found, _names(snapshot), {one.id: one for one in snapshot.resources}, session.now())


def _of_one(snapshot: Snapshot, program: str) -> Waits:
    pids = {one.pid for one in snapshot.processes if one.program == program}
    edges = tuple(one for one in snapshot.waits.edges if one.pid in pids)
    cycles = tuple(one for one in snapshot.waits.cycles if pids & set(one))
    findings = tuple(one for one in snapshot.waits.findings if one.program == program)
    notes = tuple(one for one in snapshot.waits.notes if one.program == program)
    return Waits(edges=edges, cycles=cycles, findings=findings, notes=notes)


def break_lock(session: Session, args: Namespace) -> None:
    """Release a lock whose holder is dead."""
    answer = session.ask(BreakLock(resource=args.resource))
    if args.json:
        tables.write_json(answer)
    else:
        tables.write(answer["text"])


def _names(snapshot: Snapshot) -> dict[int, str]:
    """Return the names of processes by pid; of a reused pid that of the living process."""
    known = sorted(snapshot.processes, key=lambda process: process.alive)
    return {process.pid: process.name for process in known if process.pid is not None}


def command_of(args: Namespace) -> list[str]:
    """Return the command to run; exit with 2 if there is none."""
    argv: list[str] = args.argv[1:] if args.argv[:1] == ["--"] else args.argv
    if not argv or not argv[0]:
        args.parser.error("give the program to run, for example: procession run -- python train.py")
    return argv

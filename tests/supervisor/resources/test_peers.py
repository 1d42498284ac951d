"""Waits for messages between processes over sockets, polls and listeners, without false deadlocks."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from app.core.scene.wait_graph import Deadlock, find_deadlocks
from app.records.waits import Edge
from tests.supervisor.resources.observed_programs import Watched, watched

#: Ways to connect two processes with a socket and to wait on one of its ends.
SOCKETS = """
import select, selectors, socket, struct, subprocess
from multiprocessing.connection import Client, Listener, wait as wait_for

def connected(family):
    if family == "unix":
        return socket.socketpair()
    listening = socket.create_server(("127.0.0.1", 0))
    return socket.create_connection(listening.getsockname()), listening.accept()[0]

def read(sock):
    sock.recv(1)

def poll(*socks):
    poll = select.poll()
    for one in socks: poll.register(one, select.POLLIN)
    poll.poll()

def choose(*socks):
    select.select(socks, [], [])

def epoll(*socks):
    epoll = select.epoll()
    for one in socks: epoll.register(one, select.EPOLLIN)
    epoll.poll()

def rest():
    time.sleep(600)

def start(target, *args):
    process = multiprocessing.get_context("fork").Process(target=target, args=args, daemon=True)
    process.start()
    return process
"""


def found_deadlocks(program: Watched) -> tuple[Deadlock, ...]:
    return find_deadlocks(program.resources.waits(), lambda _pid: True)


def edge_of(program: Watched, pid: int) -> Edge | None:
    """Return the only wait of that process, not counting waits for a process to exit."""
    found = [one for one in program.resources.edges() if one.pid == pid and one.of is None]
    return found[0] if len(found) == 1 else None


def certain_edge(program: Watched, pid: int) -> Edge:
    """Return the wait of that process once all holders of the other end are known."""
    found = program.see(lambda it: (one := edge_of(it, pid)) and one.certain and one)
    assert found
    return found


@pytest.mark.parametrize("family", ["unix", "tcp"])
@pytest.mark.parametrize("way", ["read", "poll", "choose", "epoll"])
def test_wait_on_a_socket_names_the_process_at_the_other_end(family: str, way: str, tmp_path: Path) -> None:
    """This holds for each way to wait, although the socket was never reported as a resource."""
    code = f"""
def child(ours, theirs):
    ours.close()
    {way}(theirs)

ours, theirs = connected({family!r})
process = start(child, ours, theirs)
theirs.close()
tell(process.pid)
rest()
"""
    with watched(tmp_path, SOCKETS + code) as program:
        child = int(program.told()[0])
        edge = certain_edge(program, child)
        assert (edge.resource, edge.to, edge.holders) == (None, "recv", (program.pid,))
        assert (edge.main, edge.timed) == (True, False)
        assert found_deadlocks(program) == ()


@pytest.mark.parametrize("family", ["unix", "tcp"])
def test_processes_that_wait_for_each_others_message_are_deadlocked(family: str, tmp_path: Path) -> None:
    code = f"""
def child(ours, theirs):
    ours.close()
    read(theirs)

ours, theirs = connected({family!r})
process = start(child, ours, theirs)
theirs.close()
tell(process.pid)
read(ours)
"""
    with watched(tmp_path, SOCKETS + code) as program:
        child = int(program.told()[0])
        [deadlock] = program.see(found_deadlocks)
        assert set(deadlock.pids) == {program.pid, child}


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(
            "subprocess.Popen(['sleep', '60'], pass_fds=[theirs.fileno()])", id="an unobserved process has the end too"
        ),
        pytest.param("ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack('@ll', 60, 0))", id="limit"),
        pytest.param("threading.Thread(target=rest, daemon=True).start()", id="another thread may send"),
    ],
)
def test_wait_that_may_still_end_is_not_a_deadlock(more: str, tmp_path: Path) -> None:
    """Everything is as in the deadlock except for one thing."""
    code = f"""
def child(ours, theirs):
    ours.close()
    read(theirs)

ours, theirs = connected("unix")
process = start(child, ours, theirs)
{more}
theirs.close()
tell(process.pid)
read(ours)
"""
    with watched(tmp_path, SOCKETS + code) as program:
        child = int(program.told()[0])
        certain_edge(program, child)
        program.see(lambda it: edge_of(it, program.pid))
        for _ in range(8):
            program.look()
            assert found_deadlocks(program) == ()


def test_spawned_child_that_is_still_starting_may_answer(tmp_path: Path) -> None:
    """It has the only other end open, so the wait of its parent is no deadlock until it is killed."""
    code = """
answers = multiprocessing.get_context("spawn").SimpleQueue()
booting = subprocess.Popen(["sleep", "600"], pass_fds=[answers._writer.fileno()])
tell(booting.pid)
answers.get()
"""
    with watched(tmp_path, SOCKETS + code) as program:
        booting = int(program.told()[0])
        program.see(lambda it: edge_of(it, program.pid))
        for _ in range(8):
            program.look()
            assert found_deadlocks(program) == ()
        os.kill(booting, signal.SIGKILL)
        (deadlock,) = program.see(found_deadlocks)
        assert deadlock.pids == (program.pid,)


@pytest.mark.parametrize("way", ["poll", "choose", "epoll"])
def test_wait_for_either_of_two_messages_ends_with_one(way: str, tmp_path: Path) -> None:
    """It is a deadlock only if neither of the two senders is running."""
    code = f"""
def child(number, pairs, works):
    for at, (ours, theirs) in enumerate(pairs):
        ours.close()
        if at != number: theirs.close()
    if works: rest()
    read(pairs[number][1])

def all_closed(pairs):
    for _, theirs in pairs: theirs.close()

pairs = [connected("unix") for _ in range(2)]
first, second = (start(child, number, pairs, number and sys.argv[1] == "works") for number in range(2))
all_closed(pairs)
tell(first.pid, second.pid)
{way}(*(ours for ours, _ in pairs))
"""
    with watched(tmp_path, SOCKETS + code, "waits") as program:
        pids = {program.pid, *map(int, program.told())}
        [deadlock] = program.see(found_deadlocks)
        assert {*deadlock.pids, *deadlock.blocked_behind} == pids
    with watched(tmp_path, SOCKETS + code, "works") as program:
        first, second = map(int, program.told())
        assert certain_edge(program, program.pid).holders == tuple(sorted((first, second)))
        program.see(lambda it: certain_edge(it, first).holders == (program.pid,))
        assert edge_of(program, second) is None
        assert found_deadlocks(program) == ()


@pytest.mark.parametrize("way", ["poll", "choose", "epoll"])
def test_wait_on_an_unknown_descriptor_as_well_is_not_a_deadlock(way: str, tmp_path: Path) -> None:
    """One of the descriptors leads out of the program."""
    code = f"""
def child(ours, theirs):
    ours.close()
    read(theirs)

ours, theirs = connected("unix")
process = start(child, ours, theirs)
theirs.close()
tell(process.pid)
{way}(ours, sys.stdin)
"""
    with watched(tmp_path, SOCKETS + code) as program:
        child = int(program.told()[0])
        certain_edge(program, child)
        edge = program.see(lambda it: edge_of(it, program.pid))
        assert (edge.holders, edge.certain) == ((child,), False)
        for _ in range(4):
            program.look()
            assert found_deadlocks(program) == ()


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_connection_wait_has_an_edge_for_each_object(method: str, tmp_path: Path) -> None:
    """`connection.wait` on a Connection and on sentinels waits for the message and for each exit."""
    code = """
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    receiver, sender = context.Pipe(duplex=False)
    processes = [context.Process(target=rest, daemon=True) for _ in range(2)]
    for one in processes: one.start()
    tell(*(one.pid for one in processes))
    wait_for([receiver, *(one.sentinel for one in processes)])
"""
    with watched(tmp_path, SOCKETS + code, method) as program:
        children = set(map(int, program.told()))
        # A child of a forkserver is known by its sentinel only once both ends of that pipe have been read.
        program.see(lambda it: {edge.of for edge in it.edges("end") if edge.main} == children)
        assert [edge.resource for edge in program.edges("recv") if edge.main] == [program.one("pipe").id]


def test_join_with_a_timeout_is_not_a_wait_for_a_message(tmp_path: Path) -> None:
    """It polls the sentinel, whose other end the child has open."""
    code = "process = start(rest)\ntell(process.pid)\nprocess.join(600)"
    with watched(tmp_path, SOCKETS + code) as program:
        program.told()
        program.see(lambda it: (one := it.resources._views.get(it.pid)) and one.threads.waits and one.sentinels)
        for _ in range(4):
            program.look()
            assert program.resources.edges() == ()


def test_wait_for_an_unobserved_subprocess_has_no_edge(tmp_path: Path) -> None:
    code = (
        "process = subprocess.Popen(['sleep', '60'], stdout=subprocess.PIPE)\ntell(process.pid)\nprocess.stdout.read()"
    )
    with watched(tmp_path, SOCKETS + code) as program:
        program.told()
        program.see(lambda it: (one := it.resources._views.get(it.pid)) and one.threads.waits)
        for _ in range(4):
            program.look()
            assert program.resources.edges() == ()


# Listeners

LISTENING = (
    SOCKETS
    + """
def address(folder):
    return ("127.0.0.1", 0) if sys.argv[1] == "AF_INET" else os.path.join(folder, "listener")
"""
)
FAMILIES = pytest.mark.parametrize("family", ["AF_UNIX", "AF_INET"])


@FAMILIES
def test_accept_is_a_wait_for_the_listener(family: str, tmp_path: Path) -> None:
    """The edge ends at the listener, because the client is not known."""
    code = "listener = Listener(address(sys.argv[2]), sys.argv[1], authkey=b'key')\nlistener.accept()"
    with watched(tmp_path, LISTENING + code, family, str(tmp_path)) as program:
        [edge] = program.see(lambda it: it.edges("accept"))
        listener = program.one("listener")
        assert (edge.pid, edge.resource, edge.holders, edge.certain) == (program.pid, listener.id, (), False)
        assert [(one.pid, one.to) for one in listener.waiting] == [(program.pid, "accept")]


@FAMILIES
def test_client_that_is_not_accepted_waits_for_the_listening_process(family: str, tmp_path: Path) -> None:
    """If that process joins the client, both are deadlocked."""
    code = """
def child(place):
    Client(place, sys.argv[1], authkey=b"key")

listener = Listener(address(sys.argv[2]), sys.argv[1], authkey=b"key")
process = start(child, listener.address)
tell(process.pid)
process.join()
"""
    with watched(tmp_path, LISTENING + code, family, str(tmp_path)) as program:
        child = int(program.told()[0])
        [edge] = program.see(lambda it: it.edges("connect"))
        # The child was forked with the listening socket, too.
        assert (edge.pid, edge.resource, edge.holders) == (child, program.one("listener").id, (program.pid,))
        [deadlock] = program.see(found_deadlocks)
        assert deadlock.pids == tuple(sorted((program.pid, child)))


@FAMILIES
def test_wait_on_an_accepted_connection_names_the_listener(family: str, tmp_path: Path) -> None:
    """The edges of both the client and the process that accepted it have the listener as their resource."""
    code = """
def child(place):
    Client(place, sys.argv[1], authkey=b"key").recv()

listener = Listener(address(sys.argv[2]), sys.argv[1], authkey=b"key")
process = start(child, listener.address)
tell(process.pid)
connection = listener.accept()
wait()
connection.recv()
"""
    with watched(tmp_path, LISTENING + code, family, str(tmp_path)) as program:
        child = int(program.told()[0])
        edge = certain_edge(program, child)
        listener = program.one("listener")
        assert (edge.resource, edge.to, edge.holders) == (listener.id, "recv", (program.pid,))
        assert found_deadlocks(program) == ()
        program.go_on()
        [deadlock] = program.see(found_deadlocks)
        assert deadlock.cycle[1::2] == (listener.id, listener.id)


@FAMILIES
def test_client_that_does_not_authenticate_blocks_accept(family: str, tmp_path: Path) -> None:
    """The listener waits for that client, which is not observed."""
    code = """
listener = Listener(address(sys.argv[2]), sys.argv[1], authkey=b"key")
tell(listener.address if sys.argv[1] == "AF_UNIX" else listener.address[1])
listener.accept()
"""
    with watched(tmp_path, LISTENING + code, family, str(tmp_path)) as program:
        place = program.told()[0]
        silent = socket.socket(getattr(socket, family))
        with silent:
            silent.connect(place if family == "AF_UNIX" else ("127.0.0.1", int(place)))
            [edge] = program.see(lambda it: it.edges("greet"))
            assert (edge.pid, edge.resource) == (program.pid, program.one("listener").id)
            program.see(lambda it: it.edges("greet")[0].holders == (os.getpid(),))


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    code = "ours, theirs = connected('unix')\nstart(read, theirs)\ntheirs.close()\ntell('ready')\nrest()"
    with watched(tmp_path, SOCKETS + code) as program:
        program.told()
        program.see(lambda it: it.edges("recv"))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_whoever_reads_the_waits_is_not_said_to_wait(tmp_path) -> None:
    """The supervisor may have the other end of a pipe too; it is blocked only in the read of its own system call."""
    code = """
if __name__ == "__main__":
    lock = multiprocessing.Lock()
    tell("ready")
    wait()
"""

    def waits(one: Watched, pid: int) -> list[Edge]:
        return [wait.edge for wait in one.resources.waits() if wait.edge.pid == pid]

    with watched(tmp_path, code) as program:
        program.told()
        program.see(lambda one: any(edge.holders == (os.getpid(),) for edge in waits(one, one.pid)))
        program.look()
        assert waits(program, os.getpid()) == []

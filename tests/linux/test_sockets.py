"""Parsing of the kernel's socket tables and a manager's serving page, without sockets or processes."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from app.linux.sockets import Table, Tcp, answer, port, rows
from app.linux.syscalls import Call as SystemCall
from app.protocol import observer as w
from app.supervisor.resources.managers import Call, Held, parse

#: A listener with an accepted connection and one not accepted yet, and a connection to another machine.
TCP = b"""  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000001 00:00000000 00000000  1000        0 500 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:D001 01 00000000:00000000 00:00000000 00000000  1000        0 501 1 0 20 4 24 10 -1
   2: 0100007F:D001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 502 1 0 20 4 24 10 -1
   3: 0100007F:1F90 0100007F:D002 01 00000000:00000000 00:00000000 00000000     0        0 0 1 0 20 4 24 10 -1
   4: 0100007F:D002 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 503 1 0 20 4 24 10 -1
   5: 0A00000A:1F91 0B00000A:0050 01 00000000:00000000 00:00000000 00000000  1000        0 504 1 0 20 4 24 10 -1
"""
TCP6 = b"""  sl
   0: 00000000000000000000000000000000:1F92 00000000000000000000000000000000:0000 0A 0:0 00:0 0 1000 0 600 1 0 100 0
   1: 0000000000000000FFFF00000100007F:1F92 0000000000000000FFFF00000100007F:D003 01 0:0 00:0 0 1000 0 601 1 0 20 4
"""
IPV4_END = b"""sl
   0: 0100007F:D003 0100007F:1F92 01 00000000:00000000 00:00000000 00000000  1000        0 602 1 0 20 4 24 10 -1
"""


def table(*tables: bytes) -> Table:
    return Table(row for one in tables for row in rows(one))


def inode_of_peer(of: Table, inode: int) -> int | None:
    other = of.other_end(of.by_inode[inode])
    return other.inode if other else None


def test_both_ends_of_a_tcp_connection_are_paired() -> None:
    """The end of a connection not accepted yet has inode 0; an end on another machine is not found."""
    seen = table(TCP)
    assert [inode_of_peer(seen, inode) for inode in (501, 502, 503, 504)] == [502, 501, 0, None]
    assert seen.listener(seen.by_inode[503].remote) == Tcp(500, "0100007F:1F90", "00000000:0000", listens=True)
    assert seen.listener("0100007F:0001") is None
    assert port("0100007F:1F90") == 8080


def test_ipv4_and_ipv6_ends_of_a_connection_are_paired() -> None:
    """A dual-stack listener has IPv4 addresses in their IPv6-mapped form."""
    seen = table(TCP6, IPV4_END)
    assert (inode_of_peer(seen, 601), inode_of_peer(seen, 602)) == (602, 601)
    found = seen.listener(seen.by_inode[602].remote)
    assert found
    assert found.inode == 600


def diag_message(kind: int = 1, *attributes: tuple[int, bytes]) -> bytes:
    body = struct.pack("=BBBBIII", 1, kind, 1, 0, 4711, 0, 0)
    for number, value in attributes:
        body += struct.pack("=HH", 4 + len(value), number) + value + bytes(-len(value) % 4)
    return struct.pack("=IHHII", 16 + len(body), 20, 0, 1, 0) + body


def test_unix_socket_answer_is_parsed() -> None:
    """Peer, name and pending connections are read; a datagram socket and an error give nothing."""
    name = (0, b"/run/listener\0")
    found = answer(diag_message(1, name, (2, struct.pack("=I", 42)), (3, struct.pack("=II", 7, 8))))
    assert found
    assert (found.peer, found.name, found.pending) == (42, "/run/listener", {7, 8})
    abstract = answer(diag_message(5, (0, b"\0abstract")))
    assert abstract
    assert (abstract.peer, abstract.name) == (0, "\0abstract")
    assert answer(diag_message(2, (2, struct.pack("=I", 42)))) is None
    assert answer(struct.pack("=IHHII", 20, 2, 0, 1, 0) + struct.pack("=i", -2)) is None


@given(st.binary(max_size=200))
def test_parsers_accept_any_bytes(raw: bytes) -> None:
    answer(raw)
    list(rows(raw))
    parse(raw)


def serving_page(*given: tuple[int, tuple[int, ...]]) -> bytes:
    words = [0] * (w.SERVING_WORDS * (w.SERVING_CONNECTIONS + w.SERVING_LOCKS))
    for row, values in given:
        words[row * w.SERVING_WORDS : row * w.SERVING_WORDS + len(values)] = values
    return struct.pack(f"<{len(words)}Q", *words)


def test_serving_page_lists_active_calls_and_held_locks() -> None:
    """The rows of an idle connection and of a free lock are skipped."""
    second = 1_000_000_000
    acquires, idle, gets = (100, 9, 0xABC, 1, 0, second), (101, 9, 0xABC, 0, 0, second), (102, 9, 0xDEF, 2, 1, second)
    held, free = (0xABC, 1, 12, 100, second), (0xDEF, 0, 12, 100, second)
    first = w.SERVING_CONNECTIONS
    found = parse(serving_page((0, acquires), (1, idle), (5, gets), (first, held), (first + 1, free)))
    assert found.calls == {100: Call(0xABC, "acquire", False, 1.0), 102: Call(0xDEF, "get", True, 1.0)}
    assert found.locks == {0xABC: Held(12, 100, 1.0)}


def test_brief_system_call_is_one_that_times_out_soon() -> None:
    """A poll is judged by its timeout and a select may end at once; a call without a timeout is never brief."""
    assert SystemCall("poll", (0, 1, 100, 0, 0, 0)).is_brief
    assert not SystemCall("poll", (0, 1, 60_000, 0, 0, 0)).is_brief
    assert not SystemCall("poll", (0, 1, 0xFFFFFFFF, 0, 0, 0)).is_brief
    assert SystemCall("select", (4, 1, 0, 0, 0x7FFF, 0)).is_brief
    assert not SystemCall("read", (4, 1, 0, 0, 0, 0)).is_brief

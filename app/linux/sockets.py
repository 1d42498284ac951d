"""Find the peer and the address of a socket in the kernel's tables.

Unix sockets are queried one by one over netlink (sock_diag(7)): 20 µs each, and the answer is there as soon as the
query is sent.  TCP sockets are paired by the tables in /proc/PID/net: the local address of one is the remote address of
the other.  Unix sockets of another network namespace than ours are not found, nor are peers on other machines.
"""

import contextlib
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from . import proc

_SOCK_DIAG = 4  # NETLINK_SOCK_DIAG
_BY_FAMILY = 20  # SOCK_DIAG_BY_FAMILY
_QUESTION = struct.Struct("=IHHII BBHIIIII")
_HEADER = struct.Struct("=IHHII")
_ANSWER = struct.Struct("=BBBBIII")
_ATTRIBUTE = struct.Struct("=HH")
_NAME, _PEER, _PENDING = 0, 2, 3  # UNIX_DIAG_NAME, _PEER, _ICONS
_SHOW = 1 | 4 | 8  # UDIAG_SHOW_NAME, _PEER, _ICONS
_ANY = 0xFFFFFFFF
_CONNECTED_KINDS = frozenset({socket.SOCK_STREAM, socket.SOCK_SEQPACKET})
_ANSWER_BYTES = 32 * 1024
_TABLE_BYTES = 1024 * 1024
_LISTENS = "0A"
_ESTABLISHED = b"01"
_CONNECTED = b"03"
_MAPPED = "0000000000000000FFFF0000"
#: Queries between two calls of `renew`.
_MAX_QUERIES = 200


class Unix(NamedTuple):
    """A unix socket.  ``peer`` is 0 if it was not accepted yet; ``pending`` are the inodes in a listener's queue."""

    peer: int
    name: str
    pending: frozenset[int]


class Tcp(NamedTuple):
    """A TCP socket.  Addresses are as the kernel writes them; ``inode`` is 0 if it was not accepted yet."""

    inode: int
    local: str
    remote: str
    listens: bool


class Table:
    """The TCP sockets of one network namespace at one moment."""

    def __init__(self, rows: Iterable[Tcp]) -> None:
        self.by_inode: dict[int, Tcp] = {}
        self._by_ends: dict[tuple[str, str], Tcp] = {}
        self._listening: dict[str, Tcp] = {}
        for row in rows:
            if row.inode:
                self.by_inode[row.inode] = row
            if row.listens:
                self._listening[row.local] = row
            else:
                self._by_ends[row.local, row.remote] = row

    def other_end(self, row: Tcp) -> Tcp | None:
        """Return the other end of a connection within the machine."""
        return self._by_ends.get((row.remote, row.local))

    def listener(self, address: str) -> Tcp | None:
        """Return the socket that listens on an address."""
        host, _, number = address.partition(":")
        everywhere = (f"{'0' * len(host)}:{number}", f"{'0' * 8}:{number}", f"{'0' * 32}:{number}")
        return next((found for one in (address, *everywhere) if (found := self._listening.get(one))), None)


def port(address: str) -> int:
    """Return the port of an address as the kernel writes it."""
    return int(address.rpartition(":")[2], 16)


def rows(table: bytes) -> Iterator[Tcp]:
    """Yield the sockets in /proc/PID/net/tcp or tcp6."""
    for line in table.decode(errors="replace").splitlines()[1:]:
        fields = line.split(None, 10)
        if len(fields) > 9 and fields[9].isdecimal():
            yield Tcp(int(fields[9]), _plain(fields[1]), _plain(fields[2]), fields[3] == _LISTENS)


def _plain(address: str) -> str:
    """Return an address in the same form for both tables."""
    return address.removeprefix(_MAPPED)


def answer(raw: bytes) -> Unix | None:
    """Return the unix socket of a netlink answer; None if there is none."""
    if len(raw) < _HEADER.size + _ANSWER.size:
        return None
    length, kind, *_ = _HEADER.unpack_from(raw)
    if kind != _BY_FAMILY:
        return None
    _family, of_kind, *_ = _ANSWER.unpack_from(raw, _HEADER.size)
    if of_kind not in _CONNECTED_KINDS:
        return None
    told = dict(_attributes(raw[_HEADER.size + _ANSWER.size : length]))
    peer = int.from_bytes(told.get(_PEER, b"")[:4], "little")
    waiting = told.get(_PENDING, b"")
    pending = frozenset(inode for (inode,) in struct.iter_unpack("=I", waiting[: len(waiting) // 4 * 4]))
    name = told.get(_NAME, b"")
    return Unix(peer, (name if name[:1] == b"\0" else name.rstrip(b"\0")).decode(errors="replace"), pending)


def _attributes(raw: bytes) -> Iterator[tuple[int, bytes]]:
    while len(raw) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(raw)
        if length < _ATTRIBUTE.size:
            return
        yield kind, raw[_ATTRIBUTE.size : length]
        raw = raw[(length + 3) & ~3 :]


class Sockets:
    """Remembers answers until `renew`; peers of unix sockets longer, because they never change."""

    def __init__(self) -> None:
        self._netlink: socket.socket | None = None
        self._unix: dict[int, Unix | None] = {}
        self._wanted: set[int] = set()
        self._queries = 0
        self._tables: dict[str, Table] = {}

    def renew(self) -> None:
        """Query the kernel again from now on."""
        self._unix = {inode: told for inode, told in self._unix.items() if told and told.peer and inode in self._wanted}
        self._wanted.clear()
        self._queries = 0
        self._tables.clear()

    def unix(self, inode: int) -> Unix | None:
        """Return a unix socket by its inode; None if there is none."""
        self._wanted.add(inode)
        if inode not in self._unix and self._queries < _MAX_QUERIES:
            self._queries += 1
            self._unix[inode] = self._query(inode)
        return self._unix.get(inode)

    def tcp(self, folder: str) -> Table:
        """Return the TCP sockets in the network namespace of a process, by its folder in /proc."""
        namespace = proc.link(f"{folder}/ns/net")
        if namespace not in self._tables:
            tables = (proc.whole(f"{folder}/net/{name}", _TABLE_BYTES) for name in ("tcp", "tcp6"))
            self._tables[namespace] = Table(row for table in tables for row in rows(table))
        return self._tables[namespace]

    def close(self) -> None:
        if self._netlink:
            self._netlink.close()
            self._netlink = None

    def _query(self, inode: int) -> Unix | None:
        if not 0 < inode <= _ANY:
            return None
        size = _QUESTION.size
        question = _QUESTION.pack(
            size, _BY_FAMILY, 1, 0, 0, socket.AF_UNIX, 0, 0, _ANY, inode, _SHOW, _ANY, _ANY
        )  # state: any; cookie: none
        try:
            if self._netlink is None:
                kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
                self._netlink = socket.socket(socket.AF_NETLINK, kind, _SOCK_DIAG)
            with contextlib.suppress(BlockingIOError):
                while self._netlink.recv(_ANSWER_BYTES):
                    pass  # the rest of the answer to an earlier query
            self._netlink.send(question)
            return answer(self._netlink.recv(_ANSWER_BYTES))
        except OSError:
            return None


def connections(folder: str, address: str) -> int | None:
    """Return how many connections a listener has accepted that are open; None if unknown.

    ``address`` is a path, or ``host:port``.
    """
    number = tcp_port(address)
    if number is None:
        return _connected(proc.whole(f"{folder}/net/unix", _TABLE_BYTES), address)
    tables = [proc.whole(f"{folder}/net/{name}", _TABLE_BYTES) for name in ("tcp", "tcp6")]
    return sum(_established(table, number) for table in tables) if any(tables) else None


def tcp_port(address: str) -> int | None:
    """Return the port of ``host:port``; None for a path."""
    _host, colon, number = address.rpartition(":")
    return int(number) if colon and "/" not in address and number.isdecimal() else None


def _connected(table: bytes, path: str) -> int | None:
    """Count the connected sockets with the path of the listener, which accepted sockets have."""
    if not table:
        return None
    name = path.replace("\0", "@").encode()
    rows = (line.split(None, 7) for line in table.splitlines()[1:])
    return sum(len(row) == 8 and row[5] == _CONNECTED and row[7] == name for row in rows)


def _established(table: bytes, port: int) -> int:
    """Count the connections whose local port is that of the listener."""
    wanted = f":{port:04X}".encode()
    rows = (line.split(None, 4) for line in table.splitlines()[1:])
    return sum(len(row) > 3 and row[3] == _ESTABLISHED and row[1].endswith(wanted) for row in rows)

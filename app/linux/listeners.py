"""How many connections a listener has, from the kernel's tables of sockets (/proc/PID/net)."""

from __future__ import annotations

from . import proc

_TABLE_BYTES = 1024 * 1024
_ESTABLISHED = b"01"
_CONNECTED = b"03"


def connections(folder: str, address: str) -> int | None:
    """Those accepted and not closed; None where the tables cannot be read.  ``address``: a path, or ``host:port``."""
    if _port(address) is None:
        return _unix(proc.whole(f"{folder}/net/unix", _TABLE_BYTES), address)
    tables = [proc.whole(f"{folder}/net/{name}", _TABLE_BYTES) for name in ("tcp", "tcp6")]
    return sum(_tcp(table, _port(address) or 0) for table in tables) if any(tables) else None


def _port(address: str) -> int | None:
    _host, colon, port = address.rpartition(":")
    return int(port) if colon and "/" not in address and port.isdecimal() else None


def _unix(table: bytes, path: str) -> int | None:
    """Accepted sockets have the path of their listener."""
    if not table:
        return None
    name = path.replace("\0", "@").encode()
    rows = (line.split(None, 7) for line in table.splitlines()[1:])
    return sum(len(row) == 8 and row[5] == _CONNECTED and row[7] == name for row in rows)


def _tcp(table: bytes, port: int) -> int:
    """The listener's side of each connection has its port as the local one."""
    wanted = f":{port:04X}".encode()
    rows = (line.split(None, 4) for line in table.splitlines()[1:])
    return sum(len(row) > 3 and row[3] == _ESTABLISHED and row[1].endswith(wanted) for row in rows)

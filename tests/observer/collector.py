"""A supervisor for the observer's tests: collects the messages of a program's processes."""

from __future__ import annotations

import os
import selectors
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from app.protocol import observer as observer_words
from app.protocol.observer import AnyWord, Hello, Made, Paged, SaidWord, Started, Word
from procession.observer import joined, variables
from tests.waiting import wait_until

FDS_AT_MOST = 253
W = TypeVar("W", bound=Word)


@dataclass
class Said:
    """A word, who said it, and the descriptors that came with it (closed with the collector)."""

    pid: int
    word: AnyWord
    fds: list[int] = field(default_factory=list)


class Making(NamedTuple):
    """The word by which somebody told that it made something."""

    pid: int
    word: Made
    fds: list[int]


class Collector:
    """Binds the socket ``path``; `said` has what was taken from it until now."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(path))
        self._listener.listen(128)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._decoder = msgspec.json.Decoder(SaidWord)
        self._said: list[Said] = []
        self.unread: list[bytes] = []

    @property
    def said(self) -> list[Said]:
        self._take()
        return self._said

    def words(self, kind: type[W], pid: int | None = None) -> list[W]:
        """The words of one kind, of one process or of all."""
        return [said.word for said in self.said if isinstance(said.word, kind) and pid in (None, said.pid)]

    def made(self, resource: str, variable: str) -> Making:
        """The word that such a resource was made; waits for it."""

        def found() -> Making | None:
            for said in self.said:
                word = said.word
                if isinstance(word, Made) and (word.resource, word.name.partition(" (")[0]) == (resource, variable):
                    return Making(said.pid, word, said.fds)
            return None

        making = wait_until(found, message=f"no {resource} {variable} was made")
        assert making is not None
        return making

    def started(self, name: str) -> Started:
        """The word that a process of this name was started; waits for it."""
        return wait_until(
            lambda: next((word for word in self.words(Started) if word.name == name), None),
            message=f"no {name} was started",
        )  # type: ignore[return-value]

    def page(self, pid: int) -> bytes:
        """The page of a process as it is now, also when that is dead; of one that has none, an empty one."""
        fds = self._pages(pid)
        return os.pread(fds[-1], observer_words.PAGE_BYTES, 0) if fds else bytes(observer_words.PAGE_BYTES)

    def has_page(self, pid: int) -> bool:
        return bool(self._pages(pid))

    def _pages(self, pid: int) -> list[int]:
        said = [one for one in self.said if one.pid == pid and isinstance(one.word, Hello | Paged)]
        return [one.fds[0] for one in said if one.fds]

    def header(self, pid: int) -> tuple[int, ...]:
        return struct.unpack_from(observer_words.PAGE_HEADER, self.page(pid))

    def task(self, pid: int) -> str:
        """The name of its task, or of its last one."""
        at = observer_words.PAGE_TASK_NAME_AT
        return self.page(pid)[at : at + self.header(pid)[5]].decode()

    def counters(self, pid: int, slot: int) -> tuple[int, ...]:
        at = observer_words.PAGE_COUNTERS_AT + slot * observer_words.PAGE_COUNTER_WORDS * 8
        return struct.unpack_from(f"<{observer_words.PAGE_COUNTER_WORDS}Q", self.page(pid), at)

    def forget(self) -> None:
        """Take what was said, and keep nothing of it."""
        said, self._said = self.said, []
        for fd in [fd for one in said for fd in one.fds]:
            os.close(fd)

    def close(self) -> None:
        self.forget()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()
        self.path.unlink(missing_ok=True)

    def _take(self) -> None:
        while ready := self._selector.select(0):
            for key, _ in ready:
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._read(key.fileobj, key.data)  # type: ignore[arg-type]

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        self._selector.register(connection, selectors.EVENT_READ, struct.unpack("3i", credentials)[0])

    def _read(self, connection: socket.socket, pid: int) -> None:
        try:
            text, fds, _, _ = socket.recv_fds(connection, observer_words.MAX_WORD + 1, FDS_AT_MOST)
        except ConnectionError:
            text, fds = b"", []
        if not text:
            self._selector.unregister(connection)
            connection.close()
            return
        try:
            first, *more = observer_words.heard(self._decoder.decode(text))
        except msgspec.MsgspecError:
            self.unread.append(text)
            return
        self._said.append(Said(pid, first, list(fds)))
        self._said.extend(Said(pid, word) for word in more)


@contextmanager
def collecting(folder: Path) -> Iterator[Collector]:
    collector = Collector(folder / "o.sock")
    try:
        yield collector
    finally:
        collector.close()


def observed(collector: Collector, *, owners: bool = False, safe_pool: bool = False) -> dict[str, str]:
    """The environment of a program that ``collector`` is to hear of."""
    return joined(os.environ, variables(str(collector.path), "p1", owners=owners, safe_pool=safe_pool))


def run(
    collector: Collector,
    script: Path,
    *arguments: str,
    python: str = sys.executable,
    within_s: float = 30,
    **options: bool,
) -> str:
    """What a program prints that ends by itself, well."""
    with subprocess.Popen(
        [python, script, *arguments], env=observed(collector, **options), stdout=subprocess.PIPE, text=True
    ) as program:
        deadline = time.monotonic() + within_s
        while program.poll() is None:  # its words are taken while it runs, or it would have to drop some
            collector.said  # noqa: B018
            assert time.monotonic() < deadline, "the program does not end"
            time.sleep(0.005)
        assert program.stdout is not None
        out = program.stdout.read()
    assert program.returncode == 0
    return out

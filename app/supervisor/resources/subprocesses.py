"""Look at unobserved processes that an observed process waits for: they may wait for that process themselves.

A command that writes more into its pipe than fits, while the process that started it waits for its exit and reads
nothing, waits for ever; so does one that reads its input to the end, while that process reads its output and keeps the
input open.  Only their system calls are read: waits for their own children, and at pipes.
"""

import os
from collections.abc import Iterable, Iterator

from app.core.resources.blocked import Blocked
from app.linux import proc
from app.linux.thread_waits import Wait

from .peers import PeerFinder
from .process_view import ProcessView, ProcessViews

#: Processes that are looked at, of all programs together.
_MOST = 50


class Subprocesses:
    """Keeps a view of each such process for as long as it is waited for."""

    def __init__(self, views: ProcessViews, peers: PeerFinder) -> None:
        self._views, self._peers = views, peers
        self.views: dict[int, ProcessView] = {}

    def waits(self, turn: int, now: float, seen: Iterable[Blocked]) -> Iterator[Blocked]:
        """Yield the waits of these processes, after a look at each; ``seen`` are the waits of those observed."""
        writers = {pid for one in seen if one.to == "output" for pid in one.holders or ()}
        self._renew(writers - self._views.keys())
        for view in self.views.values():
            view.begin(turn)
            view.look_at_waits(now)
            for wait in view.threads.waits:
                yield from self._wait(view, wait)
            view.end()

    def close(self) -> None:
        for view in self.views.values():
            view.close()
        self.views.clear()

    def _renew(self, writers: Iterable[int]) -> None:
        """Keep the views of those that are waited for, also by one of them, and begin to look at others."""
        wanted: dict[int, None] = dict.fromkeys(writers)
        for view in (*self._views.values(), *self.views.values()):
            awaited = (wait.what for wait in view.threads.waits if wait.for_ == "child" and not wait.timed)
            wanted |= dict.fromkeys(pid for pid in awaited if pid not in self._views)
        # We are blocked in nothing but the read of our own system call.
        wanted.pop(os.getpid(), None)
        for pid in self.views.keys() - wanted.keys():
            self.views.pop(pid).close()
        for pid in wanted:
            if pid not in self.views and len(self.views) < _MOST and (stat := proc.stat(pid)) and not stat.dead:
                self.views[pid] = ProcessView(pid, stat.start_ticks)

    def _wait(self, view: ProcessView, wait: Wait) -> Iterator[Blocked]:
        blocked = Blocked(
            view.pid, None, None, "end", wait.main, wait.timed, token=view.token(wait), tid=wait.tid, holders=()
        )
        match wait.for_:
            case "child":
                yield blocked._replace(of=wait.what, to="join" if wait.what in self._views else "end")
            case "read" | "write":
                peer = self._peers.peer(view, wait)
                to = "recv" if wait.for_ == "read" else "send"
                yield blocked._replace(to=to, holders=peer.able(view.pid), certain=peer.certain and peer.thing is None)
            case _:
                yield blocked._replace(certain=False)

"""Look at unobserved processes that an observed process waits for to exit: they may wait for that process themselves.

A command that writes more into its pipe than fits, while the process that started it waits for its exit and reads
nothing, waits for ever.  Only their system calls are read: waits for their own children, and at pipes.
"""

from collections.abc import Iterator

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
        self._ours: dict[int, ProcessView] = {}

    def waits(self, turn: int) -> Iterator[Blocked]:
        """Yield the waits of these processes, after a look at each."""
        self._renew()
        for view in self._ours.values():
            view.begin(turn)
            view.look_at_waits()
            for wait in view.threads.waits:
                yield from self._wait(view, wait)
            view.end()

    def close(self) -> None:
        for view in self._ours.values():
            view.close()
        self._ours.clear()

    def _renew(self) -> None:
        """Keep the views of those that are waited for, also by one of them, and begin to look at others."""
        wanted: dict[int, None] = {}
        for view in (*self._views.values(), *self._ours.values()):
            awaited = (wait.what for wait in view.threads.waits if wait.for_ == "child" and not wait.timed)
            wanted |= dict.fromkeys(pid for pid in awaited if pid not in self._views)
        for pid in self._ours.keys() - wanted.keys():
            self._ours.pop(pid).close()
        for pid in wanted:
            if pid not in self._ours and len(self._ours) < _MOST and (stat := proc.stat(pid)) and not stat.dead:
                self._ours[pid] = ProcessView(pid, stat.start_ticks)

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
                yield blocked._replace(to=to, holders=peer.pids, certain=peer.certain and peer.thing is None)
            case _:
                yield blocked._replace(certain=False)

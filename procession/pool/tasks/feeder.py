"""A thread that asks an iterable of the user's for its items, as fast as workers take them and not faster.

The iterable may block for as long as it likes, also on results of the same pool: nobody waits for this thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from .maps import ManyResults
from .sources import FedSource, arguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: How many tasks are made ahead of the workers.
AHEAD = 256


class Feeder:
    """Feeds one source.  ``ready`` is called when the source has something again; ``stop`` ends it at its next item."""

    def __init__(
        self,
        result: ManyResults,
        function: Callable[..., Any],
        iterable: Iterable[Any],
        *,
        starred: bool,
        retries: int,
        ready: Callable[[FedSource], None],
    ) -> None:
        called, kind, self._arguments = arguments(function, iterable, result.chunksize, starred=starred)
        self._taken = threading.Event()
        self.source = FedSource(result, called, kind, retries, self._taken.set)
        self._ready = ready
        self._thread = threading.Thread(target=self._feed, daemon=True, name="procession-pool-feeder")

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def _feed(self) -> None:
        source = self.source
        error: BaseException | None = None
        try:
            for args in self._arguments:
                source.fed.append(args)
                if not source.queued:
                    self._ready(source)
                self._await_room()
                if source.over:
                    break
        except BaseException as raised:  # noqa: BLE001 - whatever the user's iterable raises is the result's
            error = raised
        source.end(error)
        self._ready(source)

    def _await_room(self) -> None:
        source = self.source
        while len(source.fed) >= AHEAD and not source.over:
            self._taken.clear()
            if len(source.fed) >= AHEAD and not source.over:
                self._taken.wait()

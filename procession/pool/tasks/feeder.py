"""A thread that iterates a user's iterable, only as fast as workers take the items.

The iterable may block as long as it likes, also on results of the same pool: no other thread waits for this one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from .maps import ManyResults
from .sources import FedSource
from .task import Item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: How many items it takes ahead of the workers.
AHEAD = 256


class Feeder:
    """Feeds one source; calls ``ready`` when the source has items again."""

    def __init__(
        self,
        result: ManyResults,
        function: Any,
        kind: type[Item],
        arguments: Iterator[tuple[Any, ...]],
        retries: int,
        *,
        ready: Callable[[FedSource], None],
    ) -> None:
        self._arguments = arguments
        self._taken = threading.Event()
        self.source = FedSource(result, function, kind, retries, self._taken.set)
        self._ready = ready
        self._thread = threading.Thread(target=self._feed, daemon=True, name="procession-pool-feeder")

    def start(self) -> None:
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
        except BaseException as raised:  # noqa: BLE001 - whatever the iterable raises is the error of the result
            error = raised
        source.end(error)
        self._ready(source)

    def _await_room(self) -> None:
        source = self.source
        while len(source.fed) >= AHEAD and not source.over:
            self._taken.clear()
            if len(source.fed) >= AHEAD and not source.over:
                self._taken.wait()

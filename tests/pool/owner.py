"""What a result needs of its pool."""

from collections.abc import Callable


class CallsAtOnce:
    """A pool of which nothing is used but how it calls back."""

    def __init__(self) -> None:
        self._cache: dict[int, object] = {}

    def _call_back(self, call: Callable[[], object]) -> None:
        call()

    def _would_wait_for_ever(self, *, calls_back: bool) -> bool:
        return calls_back

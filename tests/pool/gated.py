"""An argument whose pickling a test can hold up."""

import threading
from typing import Any

from tests.pool.killing import WITHIN_S


class Gated:
    """Blocks where it is pickled until the gate is opened."""

    def __init__(self) -> None:
        self.pickles, self.gate = threading.Event(), threading.Event()

    @classmethod
    def opened(cls) -> "Gated":
        gated = cls()
        gated.gate.set()
        return gated

    def __reduce__(self) -> Any:
        self.pickles.set()
        assert self.gate.wait(WITHIN_S)
        return int, (7,)

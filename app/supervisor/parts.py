"""The parts that the loop turns, put together in `app.supervisor.__main__`."""

from __future__ import annotations

from dataclasses import dataclass

from app.supervisor.handover.handover import Legacy

from .decoding import Decoding
from .insight import Insight
from .looking import Looking
from .performing import Performing
from .publishing import Publishing
from .stacking import Stacking


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Each one's share of a turn; `loop` says in which order."""

    decoding: Decoding
    looking: Looking
    performing: Performing
    publishing: Publishing
    stacking: Stacking
    insight: Insight
    legacy: Legacy

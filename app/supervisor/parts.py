"""The parts that the loop calls; `app.supervisor.__main__` assembles them."""

from __future__ import annotations

from dataclasses import dataclass

from app.supervisor.handover.handover import Handover

from .analysis import Analysis
from .decoding import Decoding
from .performing import Performing
from .publishing import Publishing
from .sampling import Sampling
from .stacking import Stacking


@dataclass(frozen=True, kw_only=True)
class Parts:
    """One field for each step of a turn; `loop` has their order."""

    decoding: Decoding
    sampling: Sampling
    performing: Performing
    publishing: Publishing
    stacking: Stacking
    analysis: Analysis
    handover: Handover

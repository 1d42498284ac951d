"""The parts that the loop calls; `app.supervisor.__main__` assembles them."""

from msgspec import Struct

from app.supervisor.handover.handover import Handover

from .analysis import Analysis
from .decoding import Decoding
from .performing import Performing
from .publishing import Publishing
from .sampling import Sampling
from .stacking import Stacking


class Parts(Struct, frozen=True, kw_only=True):
    """One field for each step of a turn; `loop` has their order."""

    decoding: Decoding
    sampling: Sampling
    performing: Performing
    publishing: Publishing
    stacking: Stacking
    analysis: Analysis
    handover: Handover

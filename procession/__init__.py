"""What runs inside supervised processes and in users' own programs; standard library only.

``from procession import report`` works everywhere and costs nothing where nobody supervises.  Keep this
module light: every supervised process loads it.
"""

from .reporting import report

__all__ = ["report"]

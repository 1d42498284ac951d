"""What an observed process counts in its page (`observer_words`), as far as the supervisor needs it at every look."""

from __future__ import annotations

import fcntl
import os
import struct

from .observer_words import PAGE_BYTES, PAGE_MAGIC

_HEAD = struct.Struct("<QQQ")


def unsent(page: int) -> int:
    """How many words its process could not send; 0 for what is no page: it may be any fd that somebody passed."""
    try:
        # Only files in memory have seals: reading anything else might wait for a disk, or for ever.
        fcntl.fcntl(page, fcntl.F_GET_SEALS)
        if os.fstat(page).st_size != PAGE_BYTES:
            return 0
        head = os.pread(page, _HEAD.size, 0)
    except OSError:
        return 0
    if len(head) < _HEAD.size:
        return 0
    magic, _version, count = _HEAD.unpack(head)
    return min(count, 2**53) if magic == PAGE_MAGIC else 0

"""What this process has open: for tests that leave none of it behind."""

import gc
import os
from collections import Counter
from contextlib import suppress


def open_files() -> Counter[str]:
    """What the file descriptors lead to, and how many lead there.

    Not their number alone: what an earlier test left to the garbage collector may be closed at any moment.
    """
    gc.collect()
    leads_to: Counter[str] = Counter()
    for fd in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with suppress(OSError):  # of the listing itself
            leads_to[os.readlink(f"/proc/self/fd/{fd}")] += 1  # noqa: PTH115
    return leads_to

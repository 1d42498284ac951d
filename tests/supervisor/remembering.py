"""``python -m tests.supervisor.remembering FILE``: the real supervisor, which writes on SIGUSR2 what it remembers.

One line for each id of a process or program, and where it is: the attributes that lead to it.
"""

from __future__ import annotations

import gc
import re
import signal
import sys
from collections import deque
from pathlib import Path
from typing import Any

from app.supervisor.__main__ import main

_ID = re.compile(r"p\d+")
_CONTAINERS = (dict, list, set, frozenset, tuple, deque)


def remembered() -> set[str]:
    """Return ``p7: Stacking._signals`` for each id in each container that an object of ours reaches."""
    gc.unfreeze()
    found: set[str] = set()
    owners = [one for one in gc.get_objects() if type(one).__module__.startswith("app.")]
    for owner in owners:
        for name, value in _attributes(owner):
            found |= {f"{one}: {type(owner).__name__}.{name}" for one in _ids(value, depth=4)}
    return found


def _attributes(owner: Any) -> list[tuple[str, Any]]:
    names = getattr(type(owner), "__struct_fields__", None) or getattr(owner, "__dict__", {})
    return [(name, getattr(owner, name, None)) for name in names]


def _ids(value: Any, depth: int) -> set[str]:
    """Return the ids in a container, and in those within it; other objects of ours are looked at by themselves."""
    if isinstance(value, str):
        return {value} if _ID.fullmatch(value) else set()
    if not depth or not isinstance(value, _CONTAINERS):
        return set()
    items = [*value, *value.values()] if isinstance(value, dict) else list(value)
    return set().union(*(_ids(one, depth - 1) for one in items))


def _write(path: Path) -> None:
    text = "".join(f"{line}\n" for line in sorted(remembered()))
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)


if __name__ == "__main__":
    where = Path(sys.argv[1])
    signal.signal(signal.SIGUSR2, lambda *_: _write(where))
    main()

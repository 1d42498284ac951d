"""Who works for which pool, by what was told; a pool may be told after its workers, or never.  Pure."""

from __future__ import annotations


class Crews:
    """The workers of each pool, by its key."""

    def __init__(self) -> None:
        self._crews: dict[str, set[int]] = {}
        self._key_of: dict[int, str] = {}
        self._told: set[str] = set()

    def of(self, key: str) -> set[int]:
        """Those of a pool that was told: the very set, which changes with them."""
        self._told.add(key)
        return self._crews.setdefault(key, set())

    def join(self, pid: int, key: str) -> None:
        """It works for that pool from now on, and for no other."""
        self.leave(pid)
        self._key_of[pid] = key
        self._crews.setdefault(key, set()).add(pid)

    def leave(self, pid: int) -> None:
        """It works no more; a no-op for one that did not."""
        key = self._key_of.pop(pid, None)
        if key is None:
            return
        self._crews[key].discard(pid)
        if not self._crews[key] and key not in self._told:
            del self._crews[key]

    def key_of(self, pid: int) -> str | None:
        """The pool that it works for."""
        return self._key_of.get(pid)

    def forget(self, key: str) -> None:
        """The pool is no more; its key may be given out again."""
        self._told.discard(key)
        for pid in self._crews.pop(key, ()):
            del self._key_of[pid]

"""Which process works for which pool; a pool may be reported after its workers, or never.  Pure."""


class PoolMembers:
    """The workers of each pool, by the key of the pool."""

    def __init__(self) -> None:
        self._pools: dict[str, set[int]] = {}
        self._key_of: dict[int, str] = {}
        self._reported: set[str] = set()

    def of(self, key: str) -> set[int]:
        """Return the workers of a reported pool, as the set itself, which changes with them."""
        self._reported.add(key)
        return self._pools.setdefault(key, set())

    def join(self, pid: int, key: str) -> None:
        """Record that a process works for that pool, and for no other."""
        self.leave(pid)
        self._key_of[pid] = key
        self._pools.setdefault(key, set()).add(pid)

    def leave(self, pid: int) -> None:
        """Record that a process no longer works for any pool."""
        key = self._key_of.pop(pid, None)
        if key is None:
            return
        self._pools[key].discard(pid)
        if not self._pools[key] and key not in self._reported:
            del self._pools[key]

    def key_of(self, pid: int) -> str | None:
        """Return the key of the pool that a process works for."""
        return self._key_of.get(pid)

    def forget(self, key: str) -> None:
        """Forget a pool; its key may be reused."""
        self._reported.discard(key)
        for pid in self._pools.pop(key, ()):
            del self._key_of[pid]

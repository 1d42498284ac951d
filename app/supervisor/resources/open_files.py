"""Find out what the descriptors of a process are that may run out of them.

Counting them is part of each sweep; their links are read seldom, of few processes, and only of those with many.
"""

import posixpath
from collections import Counter
from collections.abc import Mapping

from app.core.resources.book import Book
from app.core.scene.scene import HeldFiles, OpenFiles
from app.linux.files import open_files
from app.linux.files.open_files import Descriptor
from app.records.wording import split_name

from .process_view import ProcessView, ProcessViews

#: Between two looks, and processes whose links are read in one: 0.8 ms each.
_EVERY_S, _PROCESSES = 3.0, 3
#: With fewer than so many open files, and than this share of its limit, a process has enough of them left.
_FEW, _SHARE = 100, 0.5
#: Fewer than any limit with which Python starts: the limit itself need not be read.
_VERY_FEW = 16
_MAX_KINDS = 8


class OpenFilesReader:
    """``found``: the processes with many open files, by pid."""

    def __init__(self, book: Book, views: ProcessViews) -> None:
        self.found: dict[int, OpenFiles] = {}
        self._book, self._views = book, views
        self._at = 0.0
        self._first = 0

    def look(self, counts: Mapping[int, int], now: float) -> None:
        """Look at the processes with many open files, if that is due; ``counts`` are of all, by pid."""
        if now < self._at + _EVERY_S:
            return
        self._at = now
        many = {pid: limit for pid, count in counts.items() if (limit := self._limit_if_many(pid, count))}
        self.found = {pid: one for pid, one in self.found.items() if many.get(pid) == one.limit}
        order = sorted(many)
        for pid in (order[self._first :] + order[: self._first])[:_PROCESSES]:
            self.found[pid] = OpenFiles(limit=many[pid], held=self._held(self._views[pid]))
        self._first = (self._first + _PROCESSES) % len(order) if order else 0

    def _limit_if_many(self, pid: int, count: int) -> int | None:
        """Return the limit of a process that has many open files; None for one that has few, or no limit."""
        view = self._views.get(pid)
        limit = open_files.limit(view.folder) if view and count > _VERY_FEW else None
        return limit if limit and count >= min(_FEW, limit * _SHARE) else None

    def _held(self, view: ProcessView) -> tuple[HeldFiles, ...]:
        """Return what its newest descriptors are, the most common first; files with different names by their folder."""
        newest = open_files.newest(view.folder)
        paths = Counter(one.name for one in newest if one.what == "file")
        counted = Counter(
            (one.what, f"{posixpath.dirname(one.name)}/", "") if paths.get(one.name) == 1 else self._kind(view, one)
            for one in newest
        )
        return tuple(
            HeldFiles(what=what, of=of, place=place, count=count)
            for (what, of, place), count in counted.most_common(_MAX_KINDS)
        )

    def _kind(self, view: ProcessView, one: Descriptor) -> tuple[str, str, str]:
        """Return what a descriptor is; of what, and where that was made."""
        if not one.inode:
            return one.what, one.name, ""
        if one.fd in view.sentinels:
            return one.what, "sentinel", ""
        thing = self._book.find(f"{'pipe' if one.what == 'pipe' else 'sock'}:{one.inode}")
        whole = self._book.outermost(thing) if thing else None
        return (one.what, str(whole.kind), split_name(whole.name)[1]) if whole else (one.what, "", "")

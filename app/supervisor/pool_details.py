"""What the jobs of a pool came to, as its host said with its last words: so that they can be read when it is over.

Pure.
"""

from __future__ import annotations

import msgspec

from .pool_model import JobDetail

#: Of one pool; a host is trusted with nothing, and says the newest first.
MAX_BYTES = 2 * 1024 * 1024


class Details:
    """By the number of the job."""

    def __init__(self) -> None:
        self._by_job: dict[int, JobDetail] = {}
        self._left = MAX_BYTES

    def keep(self, detail: JobDetail) -> None:
        """Keep one, where there is room for it."""
        size = len(msgspec.json.encode(detail))
        if size <= self._left and detail.job.id not in self._by_job:
            self._left -= size
            self._by_job[detail.job.id] = detail

    def get(self, job: int) -> JobDetail | None:
        """The one of this job, if its host said it."""
        return self._by_job.get(job)

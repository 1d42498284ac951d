"""What tasks raised, without the secrets of commands that their errors repeat.  Pure."""

from typing import Any

from msgspec.structs import replace

from app.records.masking import masked_text
from app.records.pool import Job, JobDetail


def masked_job(job: Job) -> Job:
    """Return the record of a job as it may be shown."""
    return replace(job, error=masked_text(job.error)) if job.error else job


def masked_detail(detail: JobDetail) -> JobDetail:
    """Return the details of a job as they may be shown."""
    failures = tuple(
        replace(one, error=masked_text(one.error), traceback=one.traceback and masked_text(one.traceback))
        for one in detail.failures
    )
    return replace(detail, job=masked_job(detail.job), failures=failures)


def masked_answer(answer: Any) -> Any:
    """Return the answer of a host, which may have any form, as it may be shown."""
    match answer:
        case dict():
            return {key: _masked_member(key, value) for key, value in answer.items()}
        case list():
            return [masked_answer(one) for one in answer]
    return answer


def _masked_member(key: str, value: Any) -> Any:
    if key in ("error", "traceback") and isinstance(value, str):
        return masked_text(value)
    return masked_answer(value) if key in ("job", "failures") else value

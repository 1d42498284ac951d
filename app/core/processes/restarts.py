"""When a process is started again by itself, and when that is given up.

Pure.  One counter for all causes of an end; it is reset by ``stable_s`` of uptime.  Our own stop is never a failure.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.records.process import RestartPolicy


@dataclass(frozen=True)
class Retry:
    """Start again after ``delay_s``; this is try number ``attempt``."""

    attempt: int
    delay_s: float


@dataclass(frozen=True)
class GiveUp:
    """Do not start again; ``reason`` says why."""

    reason: str


def decide(
    policy: RestartPolicy, *, exitcode: int | None, uptime_s: float, attempts: int, jitter: float
) -> Retry | GiveUp | None:
    """What to do after an end that we did not ask for; None where the policy wants nothing.

    ``attempts`` counts the automatic restarts since the last stable uptime; ``jitter`` is a random number in [0, 1).
    The delay doubles from ``delay_s`` up to ``max_delay_s``, then loses up to a quarter to jitter.
    """
    wanted = policy.policy == "always" or (policy.policy == "on-failure" and exitcode != 0)
    if not wanted:
        return None
    attempt = 1 if uptime_s >= policy.stable_s else attempts + 1
    if attempt > policy.limit:
        return GiveUp(f"gave up after {policy.limit} restarts without {policy.stable_s:g} s of uptime in between")
    delay = min(policy.max_delay_s, policy.delay_s * 2 ** min(attempt - 1, 30))
    return Retry(attempt, delay * (1 - jitter / 4))

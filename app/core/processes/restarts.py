"""When a process is restarted automatically, and when Procession gives up.

Pure.  One counter for all causes of an end, reset by ``stable_s`` of uptime.  A requested stop is never a failure.
"""

from msgspec import Struct

from app.records.process import RestartPolicy
from app.records.wording import duration


class Retry(Struct, frozen=True):
    """Restart after ``delay_s``; this is restart number ``attempt``."""

    attempt: int
    delay_s: float


class GiveUp(Struct, frozen=True):
    """Do not restart; ``reason`` says why."""

    reason: str


def decide(
    policy: RestartPolicy, *, exitcode: int | None, uptime_s: float, attempts: int, jitter: float
) -> Retry | GiveUp | None:
    """Return what to do after an end that no user asked for; None if the policy wants no restart.

    ``attempts`` counts the automatic restarts since the last stable uptime; ``jitter`` is a random number in [0, 1).
    The delay doubles from ``delay_s`` up to ``max_delay_s``, then loses up to a quarter to jitter.
    """
    wanted = policy.policy == "always" or (policy.policy == "on-failure" and exitcode != 0)
    if not wanted:
        return None
    attempt = 1 if uptime_s >= policy.stable_s else attempts + 1
    if attempt > policy.limit:
        return GiveUp(_gave_up(policy))
    delay = min(policy.max_delay_s, policy.delay_s * 2 ** min(attempt - 1, 30))
    return Retry(attempt, delay * (1 - jitter / 4))


def _gave_up(policy: RestartPolicy) -> str:
    ended = f"exited within {duration(policy.stable_s)}"
    if policy.limit == 1:
        return f"gave up: {ended} after a restart"
    return f"gave up: {ended} after each of {policy.limit} restarts"

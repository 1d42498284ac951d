"""Why a process ended, in words: who sent which signal when, or the exception's last line.

Pure.  Only what was seen is claimed: a signal that we did not send is called that, and "out of memory" is said only
where the kernel's own count of OOM kills rose since the process was last seen alive.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass

_CRASHES = {
    signal.SIGSEGV: "it touched memory that is not its own: a fault in native code",
    signal.SIGBUS: "a bad memory access: a fault in native code, or a mapped file that was cut",
    signal.SIGFPE: "an arithmetic fault in native code",
    signal.SIGILL: "an illegal instruction: native code built for another CPU, or damaged",
    signal.SIGABRT: "native code called abort()",
    signal.SIGXCPU: "over its CPU time limit",
    signal.SIGXFSZ: "over its file size limit",
}


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A signal that we sent: its number, who asked for it, and when (monotonic seconds)."""

    signum: int
    by: str
    at: float


def signal_name(signum: int) -> str:
    """``SIGTERM``, or ``signal 40`` for one without a name."""
    try:
        return signal.Signals(signum).name
    except ValueError:
        return f"signal {signum}"


def describe(
    exitcode: int | None,
    *,
    ended_at: float,
    sent: tuple[Sent, ...] = (),
    error: str | None = None,
    booted: bool = True,
    failed_to_start: bool = False,
    tells_errors: bool = True,
    oom_kills: int = 0,
) -> str:
    """The cause of an end, e.g. ``SIGKILL 5.0 s after SIGTERM by operator`` or ``exit 1: ValueError: no file``.

    ``tells_errors``: it would have told of an exception.
    """
    if exitcode is None:
        return "its exit code was not seen"
    if failed_to_start:
        return f"failed to start: {error}"
    never_booted = "" if booted else " before its own code ran"
    if exitcode < 0:
        return _by_signal(-exitcode, ended_at, sent, oom_kills) + never_booted
    if error:
        return f"exit {exitcode}: {error}"
    after = _after_ours(ended_at, sent)
    if exitcode == 0:
        return f"ended by itself{after}" if after else "finished" + never_booted
    how = (
        "sys.exit or os._exit"
        if tells_errors or exitcode != 1
        else "an exception, see the log, or by sys.exit or os._exit"
    )
    return f"exit {exitcode}: by {how}{after}{never_booted}"


def _by_signal(signum: int, ended_at: float, sent: tuple[Sent, ...], oom_kills: int) -> str:
    name = signal_name(signum)
    ours = [one for one in sent if one.signum == signum]
    if ours:
        return _ours(name, ours[-1], sent)
    if signum == signal.SIGKILL and oom_kills:
        return "SIGKILL that we did not send: out of memory likely, the kernel's count of OOM kills rose"
    if signum in _CRASHES:
        return f"{name}: {_CRASHES[signal.Signals(signum)]}"
    return f"{name} that we did not send"


def _ours(name: str, last: Sent, sent: tuple[Sent, ...]) -> str:
    """E.g. ``SIGKILL 5.0 s after SIGTERM by operator``: the escalation of a terminate is that person's doing."""
    first = next((one for one in sent if one.signum == signal.SIGTERM), last)
    if first.signum == last.signum:
        return f"{name} by {last.by}"
    by = "" if last.by == first.by else f" by {last.by},"
    return f"{name}{by} {last.at - first.at:.1f} s after SIGTERM by {first.by}"


def _after_ours(ended_at: float, sent: tuple[Sent, ...]) -> str:
    if not sent:
        return ""
    return f" {ended_at - sent[-1].at:.1f} s after {signal_name(sent[-1].signum)} by {sent[-1].by}"

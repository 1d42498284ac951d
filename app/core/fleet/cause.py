"""Why a process ended, in words: the signal, its sender and its time, or the last line of the exception.

Pure.  It claims only what was seen: a signal that Procession did not send is from outside, and memory is blamed only if
the kernel's count of OOM kills rose since the process was last seen alive.
"""

import signal

from msgspec import Struct

from app.records.errors import InvalidField
from app.records.wording import duration, signal_name

_CRASHES = {
    signal.SIGSEGV: "invalid memory access, a bug in native code",
    signal.SIGBUS: "bus error, a bug in native code or a mapped file that was truncated",
    signal.SIGFPE: "arithmetic error in native code",
    signal.SIGILL: "illegal instruction, native code built for another CPU or corrupted",
    signal.SIGABRT: "native code called abort()",
    signal.SIGXCPU: "CPU time limit exceeded",
    signal.SIGXFSZ: "file size limit exceeded",
}


class Sent(Struct, frozen=True, kw_only=True):
    """A signal that Procession sent: its number, the user who asked for it, and when (monotonic seconds)."""

    signum: int
    by: str
    at: float


def signal_number(name: str) -> int:
    """Return the number of ``SIGUSR1``, ``usr1`` or ``10``; raise `InvalidField` for anything else."""
    text = name.upper()
    try:
        if text.isdigit():
            return int(signal.Signals(int(text)))
        return int(signal.Signals[text if text.startswith("SIG") else f"SIG{text}"])
    except (KeyError, ValueError):
        raise InvalidField("signal", f"unknown signal {name!r}; give a name or a number: SIGUSR1, hup, 15") from None


def describe(
    exitcode: int | None,
    *,
    ended_at: float,
    sent: tuple[Sent, ...] = (),
    error: str | None = None,
    booted: bool = True,
    failed_to_start: bool = False,
    reports_errors: bool = True,
    oom_kills: int = 0,
) -> str:
    """Return the cause of an end: ``SIGKILL 5 s after SIGTERM by operator``, ``exit 1: ValueError: no file``.

    ``reports_errors``: the process would have reported an exception.
    """
    if exitcode is None:
        return "exit code unknown"
    if failed_to_start:
        return f"failed to start: {error}"
    never_booted = "" if booted else " before the target function started"
    if exitcode < 0:
        return _by_signal(-exitcode, ended_at, sent, oom_kills) + never_booted
    if error and exitcode:
        return f"exit {exitcode}: {error}"
    after = _after_ours(ended_at, sent)
    if exitcode == 0:
        return f"exited normally{after}" if after else "finished" + never_booted
    how = "sys.exit() or os._exit()" if reports_errors or exitcode != 1 else "unhandled exception, or sys.exit(1)"
    return f"exit {exitcode}: {how}{after}{never_booted}"


def _by_signal(signum: int, ended_at: float, sent: tuple[Sent, ...], oom_kills: int) -> str:
    name = signal_name(signum)
    ours = [one for one in sent if one.signum == signum]
    if ours:
        return _ours(name, ours[-1], sent)
    if signum == signal.SIGKILL:
        source = "the OOM killer, whose count rose" if oom_kills else "kill -9 or the OOM killer?"
        return f"killed by SIGKILL from outside Procession ({source})"
    if signum in _CRASHES:
        return f"{name}: {_CRASHES[signal.Signals(signum)]}"
    return f"killed by {name} from outside Procession"


def _ours(name: str, last: Sent, sent: tuple[Sent, ...]) -> str:
    """Return ``SIGKILL 5 s after SIGTERM by operator``: the user who terminates also causes the SIGKILL."""
    first = next((one for one in sent if one.signum == signal.SIGTERM), last)
    if first.signum == last.signum:
        return f"{name} by {last.by}"
    by = "" if last.by == first.by else f" by {last.by},"
    return f"{name}{by} {duration(last.at - first.at)} after SIGTERM by {first.by}"


def _after_ours(ended_at: float, sent: tuple[Sent, ...]) -> str:
    if not sent:
        return ""
    return f" {duration(ended_at - sent[-1].at)} after {signal_name(sent[-1].signum)} by {sent[-1].by}"

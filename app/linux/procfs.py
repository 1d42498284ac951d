"""What the text files of /proc say, parsed.

Pure: bytes in, records out; `proc` reads the files.  Field numbers are those of proc_pid_stat(5).
"""

from typing import NamedTuple

from app.records.masking import masked_command

COMMAND_LENGTH = 200
#: How much of a command line is read.
COMMAND_BYTES = 4 * 1024
_DEAD = frozenset("ZX")


class Stat(NamedTuple):
    """One line of /proc/PID/stat.  ``image`` changes with every exec; ``exit_signal`` is −1 for a mere thread."""

    pid: int
    name: str
    state: str
    ppid: int
    session: int
    cpu_ticks: int
    threads: int
    start_ticks: int
    rss_pages: int
    exit_signal: int
    image: bytes

    @property
    def dead(self) -> bool:
        """Whether nothing of it runs any more; a main thread that left others behind shows Z as well."""
        return self.state in _DEAD and self.threads <= 1

    @property
    def is_thread(self) -> bool:
        """/proc answers for thread ids too, although it does not list them."""
        return self.exit_signal == -1


def parse_stat(line: bytes) -> Stat:
    """Raises ValueError for anything else; the name may hold blanks and parentheses, hence the last one counts."""
    end = line.rindex(b")")
    start = line.index(b"(")
    field = line[end + 2 :].split()
    return Stat(
        pid=int(line[:start]),
        name=line[start + 1 : end].decode(errors="replace"),
        state=chr(field[0][0]),
        ppid=int(field[1]),
        session=int(field[3]),
        cpu_ticks=int(field[11]) + int(field[12]),
        threads=int(field[17]),
        start_ticks=int(field[19]),
        rss_pages=int(field[21]),
        exit_signal=int(field[35]),
        image=field[45],
    )


def newest_pid(loadavg: bytes) -> int:
    """The pid that the kernel gave out last in this pid namespace, threads included: the last field."""
    return int(loadavg.split()[-1])


def in_window(pid: int, after: int, newest: int) -> bool:
    """Whether ``pid`` was given out after ``after``, up to ``newest``; pids start again at the bottom."""
    if after <= newest:
        return after < pid <= newest
    return pid > after or pid <= newest


def command_text(cmdline: bytes, name: str) -> str:
    """Return the command line without secrets, cut to `COMMAND_LENGTH`; ``[name]``, as ps has it, if there is none."""
    arguments = cmdline.rstrip(b"\0").decode(errors="replace").split("\0")
    if len(cmdline) >= COMMAND_BYTES and len(arguments) > 1:
        arguments.pop()  # one that was cut may not be recognized as a secret
    text = " ".join(masked_command(arguments))
    return text[:COMMAND_LENGTH] if text else f"[{name}]"


def environment_value(environ: bytes, name: str) -> str | None:
    """One variable of /proc/PID/environ."""
    wanted = name.encode() + b"="
    for entry in environ.split(b"\0"):
        if entry.startswith(wanted):
            return entry[len(wanted) :].decode(errors="replace")
    return None


def catches(status: bytes, signum: int) -> bool:
    """Whether a handler of its own is installed for the signal (SigCgt of /proc/PID/status)."""
    mask = status_field(status, b"SigCgt")
    return bool(mask) and bool(int(mask, 16) >> (signum - 1) & 1)


def status_field(status: bytes, name: bytes) -> bytes:
    """One field of /proc/PID/status; empty where it is missing."""
    for line in status.splitlines():
        if line.startswith(name + b":"):
            return line[len(name) + 1 :].strip()
    return b""


def may_write(fdinfo: bytes) -> bool:
    """Whether the fd was opened for writing (``flags``, octal, of /proc/PID/fdinfo/N)."""
    flags = status_field(fdinfo, b"flags")
    return bool(flags) and int(flags, 8) & 0o3 != 0


def cpu_times(stat: bytes) -> tuple[int, int]:
    """(busy, total) ticks of all cores together, from the first line of /proc/stat."""
    user, nice, system, idle, iowait, irq, softirq, steal = map(int, stat.split(b"\n", 1)[0].split()[1:9])
    busy = user + nice + system + irq + softirq + steal
    return busy, busy + idle + iowait


def memory(meminfo: bytes) -> tuple[int, int]:
    """(used, total) bytes from /proc/meminfo; used is what is not available."""
    total, available = (int(status_field(meminfo, name).split()[0]) * 1024 for name in (b"MemTotal", b"MemAvailable"))
    return total - available, total

"""Settings: the only reader of the environment and of the config file.

A key is read from ``PROCESSION_<KEY>``, or else from ``procession.toml`` (in the current folder, or the file that
``PROCESSION_CONFIG`` names), or else it has the default below.  The launcher reads the settings and passes them to the
supervisor and the web process in the environment (`Settings.environment`).
"""

import ipaddress
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from app import home as home_folder
from app.records.limits import MAX_GRACE_S, MAX_PID, MAX_SECONDS, MIN_STUCK_AFTER_S

PREFIX = "PROCESSION_"
_MAX_FD = 2**20
_MAX_EPOCH_S = 2**33
_KINDS: dict[type, str] = {int: "a whole number", float: "a number"}
MIN_TOKEN_CHARACTERS = 16
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SettingsError(ValueError):
    """A setting has an invalid value; the text names the setting and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings, immutable.  Paths are absolute; durations are seconds; sizes are bytes."""

    host: str = "127.0.0.1"
    port: int = 8700
    home: Path = Path()
    token: str = ""
    viewer_token: str = ""
    allowed_hosts: tuple[str, ...] = ()
    allow_targets: bool = False
    grace_s: float = 5.0
    stuck_after_s: float = 30.0
    log_bytes: int = 8 * 1024 * 1024
    log_total_bytes: int = 1024 * 1024 * 1024
    max_processes: int = 2000
    listen_fd: int = -1
    launcher_pid: int = 0
    guardian_pid: int = 0
    epoch: float = 0.0
    park_fd: int = -1
    unpark_fd: int = -1
    beat_fd: int = -1
    supervisor_beat_fd: int = -1
    strict: bool = False
    trusted_proxies: tuple[str, ...] = ()

    @property
    def control_path(self) -> Path:
        """The supervisor's unix socket (0600, in a 0700 folder)."""
        return self.home / "control.sock"

    @property
    def observer_path(self) -> Path:
        """The unix socket to which observed processes send their messages (0600)."""
        return self.home / "observer.sock"

    @property
    def journal_path(self) -> Path:
        return self.home / "journal.sqlite3"

    @property
    def address_path(self) -> Path:
        """The file into which the web process writes its address (one line, ``HOST:PORT``)."""
        return self.home / "address"

    def log_path(self, process_id: str) -> Path:
        """Return the file with the standard output and error of one process, across its restarts."""
        return self.home / "logs" / f"{process_id}.log"

    def stack_path(self, process_id: str) -> Path:
        """Return the file into which faulthandler writes the stacks of one process."""
        return self.home / "stacks" / f"{process_id}.txt"

    def environment(self) -> dict[str, str]:
        """Return these settings as environment variables, for the supervisor and the web process."""
        values = {PREFIX + field.name.upper(): getattr(self, field.name) for field in fields(self)}
        return {name: _to_text(value) for name, value in values.items()}


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read, check and return the settings; create ``home`` (0700) and the token file (0600) if missing.

    ``token`` is empty if its file is damaged.  Raises `SettingsError` for an invalid value, or if ``home`` is not ours.
    """
    environ = os.environ if environ is None else environ
    raw = _from_file(environ)
    raw |= {f.name: environ[PREFIX + f.name.upper()] for f in fields(Settings) if PREFIX + f.name.upper() in environ}
    values = {name: _PARSE[name](value) for name, value in raw.items() if value != ""}
    home = values.pop("home", None) or _default_home(environ)
    host = values.get("host", Settings.host)
    if host not in LOOPBACK and not values.get("token"):
        raise SettingsError(
            f"PROCESSION_HOST={host} is reachable from other machines: set PROCESSION_TOKEN, "
            f"or use one of {', '.join(LOOPBACK)}"
        )
    _check_token_lengths(host, values)
    try:
        home = home_folder.claim(home)
    except home_folder.Unusable as error:
        raise SettingsError(str(error)) from error
    values["token"] = values.get("token") or home_folder.token(home)
    values.setdefault("allowed_hosts", tuple(dict.fromkeys((host, "localhost"))))
    if values["token"] == values.get("viewer_token"):
        raise SettingsError("PROCESSION_VIEWER_TOKEN must differ from PROCESSION_TOKEN")
    return Settings(home=home, **values)


def _check_token_lengths(host: str, values: Mapping[str, Any]) -> None:
    if host in LOOPBACK:
        return
    for name in ("token", "viewer_token"):
        if 0 < len(values.get(name) or "") < MIN_TOKEN_CHARACTERS:
            raise SettingsError(
                f"{PREFIX}{name.upper()} has fewer than {MIN_TOKEN_CHARACTERS} characters: too easy to guess, because "
                f"PROCESSION_HOST={host} is reachable from other machines"
            )


def _from_file(environ: Mapping[str, str]) -> dict[str, Any]:
    named = environ.get(PREFIX + "CONFIG")
    path = Path(named or "procession.toml")
    if not named and not path.is_file():
        return {}
    if not path.exists():
        raise SettingsError(f"PROCESSION_CONFIG={named}: file not found")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error
    known = {field.name for field in fields(Settings)}
    values = {key.lower().removeprefix(PREFIX.lower()): value for key, value in content.items()}
    if unknown := sorted(values.keys() - known):
        raise SettingsError(f"{path}: unknown settings {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    return values


def _default_home(environ: Mapping[str, str]) -> Path:
    state = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME", "~")).expanduser() / ".local/state")
    return Path(state) / "procession"


def _to_text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _text(name: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if not isinstance(value, str):
            raise SettingsError(f"{PREFIX}{name.upper()}={value}: must be text")
        return value

    return parse


def _number(name: str, kind: type[int | float], low: float, high: float) -> Any:
    def parse(value: object) -> float:
        try:
            number = kind(str(value))
        except ValueError:
            number = kind(low) - 1
        if not low <= number <= high:
            limits = f"from {low:,} to {high:,}"
            raise SettingsError(f"{PREFIX}{name.upper()}={value}: must be {_KINDS[kind]} {limits}")
        return number

    return parse


def _flag(name: str) -> Callable[[object], bool]:
    def parse(value: object) -> bool:
        text = str(value).lower()
        if text not in ("0", "1", "true", "false"):
            raise SettingsError(f"{PREFIX}{name.upper()}={value}: must be 0 or 1")
        return text in ("1", "true")

    return parse


def _hosts(value: object) -> tuple[str, ...]:
    parts = value if isinstance(value, list) else str(value).split(",")
    return tuple(str(part).strip() for part in parts if str(part).strip())


def _proxies(value: object) -> tuple[str, ...]:
    found = _hosts(value)
    for each in found:
        try:
            ipaddress.ip_network(each, strict=False)
        except ValueError:
            raise SettingsError(
                f"{PREFIX}TRUSTED_PROXIES={each}: must be addresses or networks, such as 10.0.0.5 or 10.0.0.0/8"
            ) from None
    return found


_PARSE: dict[str, Any] = {
    "host": _text("host"),
    "port": _number("port", int, 0, 65535),
    "home": lambda value: Path(_text("home")(value)).expanduser().absolute(),
    "token": _text("token"),
    "viewer_token": _text("viewer_token"),
    "allowed_hosts": _hosts,
    "allow_targets": _flag("allow_targets"),
    "grace_s": _number("grace_s", float, 0, MAX_GRACE_S),
    "stuck_after_s": _number("stuck_after_s", float, MIN_STUCK_AFTER_S, MAX_SECONDS),
    "log_bytes": _number("log_bytes", int, 65536, 2**40),
    "log_total_bytes": _number("log_total_bytes", int, 2**20, 2**50),
    "max_processes": _number("max_processes", int, 1, 100_000),
    "listen_fd": _number("listen_fd", int, -1, _MAX_FD),
    "launcher_pid": _number("launcher_pid", int, 0, MAX_PID),
    "guardian_pid": _number("guardian_pid", int, 0, MAX_PID),
    "epoch": _number("epoch", float, -_MAX_EPOCH_S, _MAX_EPOCH_S),
    "park_fd": _number("park_fd", int, -1, _MAX_FD),
    "unpark_fd": _number("unpark_fd", int, -1, _MAX_FD),
    "beat_fd": _number("beat_fd", int, -1, _MAX_FD),
    "supervisor_beat_fd": _number("supervisor_beat_fd", int, -1, _MAX_FD),
    "strict": _flag("strict"),
    "trusted_proxies": _proxies,
}


def hide() -> None:
    """Remove the settings from our own environment: processes that we start must not inherit the token."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]

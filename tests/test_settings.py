"""Settings: what is allowed, where values come from, what is refused, and who may read what is kept."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from app import settings
from app.settings import PREFIX, Settings, SettingsError

LONG = "a-long-token-that-nobody-guesses"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that does not exist yet; the working folder has no config file."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def load(home: Path, **given: str) -> Settings:
    environ = {PREFIX + name.upper(): value for name, value in given.items()}
    return settings.load({"PROCESSION_HOME": str(home)} | environ)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_without_any_configuration_it_binds_to_loopback_with_a_token(home: Path) -> None:
    """The defaults are the safe ones."""
    found = load(home)

    assert (found.host, found.port) == ("127.0.0.1", 8700)
    assert len(found.token) >= 32
    assert found.allowed_hosts == ("127.0.0.1", "localhost")
    assert not found.allow_targets
    assert not found.viewer_token


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("host", "localhost", "localhost"),
        ("port", "0", 0),
        ("port", "65535", 65535),
        ("token", "secret", "secret"),
        ("viewer_token", "looker", "looker"),
        ("allowed_hosts", "box.example, box", ("box.example", "box")),
        ("allow_targets", "1", True),
        ("allow_targets", "false", False),
        ("grace_s", "0.5", 0.5),
        ("stuck_after_s", "86400", 86400.0),
        ("log_bytes", "65536", 65536),
        ("max_processes", "1", 1),
        ("listen_fd", "7", 7),
        ("launcher_pid", "4194304", 4194304),
        ("trusted_proxies", "10.0.0.5, fd00::/8", ("10.0.0.5", "fd00::/8")),
    ],
)
def test_a_good_value_is_taken(home: Path, name: str, text: str, value: object) -> None:
    """From the environment, as its type."""
    assert getattr(load(home, **{name: text}), name) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "-1"),
        ("port", "65536"),
        ("port", "http"),
        ("port", "80.5"),
        ("allow_targets", "yes"),
        ("grace_s", "-1"),
        ("grace_s", "3601"),
        ("grace_s", "nan"),
        ("stuck_after_s", "0"),
        ("log_bytes", "1"),
        ("max_processes", "0"),
        ("trusted_proxies", "proxy.example"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_setting(home: Path, name: str, text: str) -> None:
    """With what was given, before anything is made."""
    with pytest.raises(SettingsError, match=f"{PREFIX}{name.upper()}={text}: must be"):
        load(home, **{name: text})

    assert not home.exists()


def test_an_empty_value_is_the_default(home: Path) -> None:
    """As `PROCESSION_PORT= procession serve` in a shell, or an unset variable in a compose file."""
    assert load(home, port="", token="").port == 8700


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "box.example"])
def test_an_address_that_others_reach_needs_an_explicit_token(home: Path, host: str) -> None:
    """The generated one does not count; with a token it is allowed."""
    with pytest.raises(SettingsError, match="set PROCESSION_TOKEN, or use one of"):
        load(home, host=host)

    assert load(home, host=host, token=LONG).host == host


@pytest.mark.parametrize("name", ["token", "viewer_token"])
def test_a_short_token_is_refused_if_others_can_reach_it(home: Path, name: str) -> None:
    """From this machine it would have to be guessed by a user of it."""
    given = {"token": LONG, "viewer_token": LONG[::-1], name: LONG[:15]}
    with pytest.raises(SettingsError, match=f"PROCESSION_{name.upper()} has fewer than 16 characters"):
        load(home, host="0.0.0.0", **given)

    assert not home.exists()
    assert getattr(load(home, host="0.0.0.0", **given | {name: LONG[:16]}), name) == LONG[:16]
    assert load(home, **given).host == "127.0.0.1"


def test_the_two_tokens_must_differ(home: Path) -> None:
    """Or the viewer would be the operator."""
    with pytest.raises(SettingsError, match="must differ"):
        load(home, token="same", viewer_token="same")


def test_the_token_is_made_once_and_kept(home: Path) -> None:
    """In a file for its owner only; an explicit one is used, and not written down."""
    first = load(home)

    assert load(home).token == first.token == (home / "token").read_text().strip()
    assert mode(home / "token") == 0o600
    assert load(home, token="explicit").token == "explicit"
    assert (home / "token").read_text().strip() == first.token


def test_a_token_file_that_others_could_read_is_closed(home: Path) -> None:
    """Whoever made it, the next start makes it private."""
    load(home)
    (home / "token").chmod(0o644)

    load(home)

    assert mode(home / "token") == 0o600


def test_the_home_is_private(home: Path) -> None:
    """Also where it was there before, with other rights."""
    home.mkdir(mode=0o755)

    load(home)

    assert [mode(path) for path in (home, home / "logs", home / "stacks")] == [0o700] * 3


def test_the_home_is_found_as_the_desktop_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_STATE_HOME, else ~/.local/state."""
    monkeypatch.chdir(tmp_path)

    assert settings.load({"XDG_STATE_HOME": str(tmp_path / "x")}).home == tmp_path / "x" / "procession"
    assert settings.load({"HOME": str(tmp_path)}).home == tmp_path / ".local" / "state" / "procession"


def test_a_config_file_is_read_and_the_environment_goes_first(home: Path) -> None:
    """procession.toml in the working folder; keys with or without the prefix."""
    Path("procession.toml").write_text(
        'port = 9000\nPROCESSION_GRACE_S = 2\nallow_targets = true\nallowed_hosts = ["box", "localhost"]\n'
    )

    found = load(home, port="9001")

    assert (found.port, found.grace_s, found.allow_targets) == (9001, 2.0, True)
    assert found.allowed_hosts == ("box", "localhost")


def test_another_config_file_may_be_named(home: Path) -> None:
    """By PROCESSION_CONFIG; one that is not there is an error."""
    Path("other.toml").write_text("port = 9000\n")

    assert load(home, config="other.toml").port == 9000
    with pytest.raises(SettingsError, match="file not found"):
        load(home, config="none.toml")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("colour = 1\n", "unknown settings colour; known are"),
        ("port = \n", "procession.toml: "),
        ("port = [1]\n", "PROCESSION_PORT="),
        ("host = 1\n", "PROCESSION_HOST="),
        ("token = true\n", "PROCESSION_TOKEN="),
        ("home = 1\n", "PROCESSION_HOME="),
    ],
)
def test_a_bad_config_file_is_refused(tmp_path: Path, home: Path, content: str, told: str) -> None:
    """In a line that says what is wrong."""
    Path("procession.toml").write_text(content)

    with pytest.raises(SettingsError) as refused:
        settings.load({"HOME": str(tmp_path)})

    assert told in str(refused.value)


def test_what_the_launcher_hands_on_reads_back_the_same(home: Path) -> None:
    """Through the environment of the supervisor and the web process, every field."""
    given: dict[str, Any] = {
        "host": "0.0.0.0",
        "token": LONG,
        "viewer_token": LONG[::-1],
        "allowed_hosts": "a,b",
        "allow_targets": "1",
        "grace_s": "1.5",
        "listen_fd": "5",
        "launcher_pid": "42",
        "trusted_proxies": "10.0.0.0/8,::1",
    }
    found = load(home, **given)

    assert settings.load(found.environment()) == found
    assert set(found.environment()) == {PREFIX + field.name.upper() for field in dataclasses.fields(Settings)}

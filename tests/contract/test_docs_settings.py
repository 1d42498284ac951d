"""docs/settings.md has every setting with its default, and no other."""

from dataclasses import fields
from pathlib import Path

import pytest

from app import settings
from app.settings import Settings
from tests.contract import documents as doc

PAGE = doc.Page("docs/settings.md")
# The launcher passes these to its two processes; nobody sets them by hand.
INTERNAL = {
    *("listen_fd", "park_fd", "unpark_fd", "beat_fd", "supervisor_beat_fd"),
    *("launcher_pid", "guardian_pid", "epoch", "strict"),
}
# Settings whose default is written as a value in the table, not described in words.
WRITTEN = {"host", "port", "allow_targets", "grace_s", "stuck_after_s", "log_bytes", "log_total_bytes", "max_processes"}


def documented_defaults() -> dict[str, str]:
    rows = PAGE.table("Settings")
    return {doc.only_code_of(name).removeprefix(settings.PREFIX).lower(): default for name, default, _ in rows}


def test_every_setting_is_documented_and_no_other() -> None:
    assert list(documented_defaults()) == [each.name for each in fields(Settings) if each.name not in INTERNAL]


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_a_default_is_documented_with_its_value(name: str) -> None:
    documented = doc.only_code_of(documented_defaults()[name])
    assert settings._PARSE[name](documented) == getattr(Settings, name)


def test_the_computed_defaults_are_documented(tmp_path: Path) -> None:
    documented = documented_defaults()
    assert documented.keys() == WRITTEN | {"home", "token", "viewer_token", "allowed_hosts", "trusted_proxies"}
    chosen = settings.load({"HOME": str(tmp_path)})
    assert doc.only_code_of(documented["home"]).replace("~", str(tmp_path)) == str(chosen.home)
    assert doc.only_code_of(documented["token"]) == "HOME/token"
    assert (chosen.home / "token").read_text().strip() == chosen.token
    assert (documented["viewer_token"], chosen.viewer_token) == ("none", "")
    assert (documented["trusted_proxies"], chosen.trusted_proxies) == ("none", ())
    assert (documented["allowed_hosts"], chosen.allowed_hosts) == (
        "the bound address, `localhost`",
        (chosen.host, "localhost"),
    )


def test_the_other_home_and_the_config_file_work_as_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "procession.toml").write_text("port = 8800\nPROCESSION_GRACE_S = 7\n")
    chosen = settings.load({"HOME": "/nowhere", "XDG_STATE_HOME": str(tmp_path / "state")})
    assert (chosen.port, chosen.grace_s, chosen.home) == (8800, 7, tmp_path / "state" / "procession")
    (tmp_path / "procession.toml").rename(tmp_path / "other.toml")
    named = {"HOME": str(tmp_path), "PROCESSION_CONFIG": "other.toml", "PROCESSION_PORT": "8900"}
    assert (settings.load(named).port, settings.load(named).grace_s) == (8900, 7)
    assert {"XDG_STATE_HOME", "procession.toml", "PROCESSION_CONFIG"} <= set(PAGE.codes())


@pytest.mark.parametrize("page", doc.ALL, ids=lambda page: page.name)
def test_a_setting_that_any_page_names_exists(page: doc.Page) -> None:
    known = {settings.PREFIX + each.name.upper() for each in fields(Settings)} | {"PROCESSION_CONFIG"}
    named = {code.partition("=")[0].partition("/")[0] for code in page.codes() if code.startswith(settings.PREFIX)}
    assert named - {settings.PREFIX} <= known

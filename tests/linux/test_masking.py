"""Secrets in environments and commands are masked."""

import pytest

from app.linux.inspection import MASK, masked_command, masked_environment


@pytest.mark.parametrize(
    "name",
    ["API_TOKEN", "secret", "PGPASSWORD", "AWS_ACCESS_KEY_ID", "Credentials", "BASIC_AUTH", "COOKIE", "SENTRY_DSN"],
)
def test_variable_named_like_a_secret_is_masked(name: str) -> None:
    assert masked_environment({name: "hunter2"}) == {name: MASK}


def test_password_in_a_url_is_masked() -> None:
    """The rest of the URL stays readable."""
    shown = masked_environment({"DB": "postgres://shop:hunter2@db/shop", "HOME": "/home/shop"})
    assert shown == {"DB": f"postgres://{MASK}@db/shop", "HOME": "/home/shop"}


def test_secret_options_in_a_command_are_masked() -> None:
    """The value may follow ``=`` or be the next argument; a following option is not a value."""
    command = ["run", "--token", "x", "--password=y", "--auth", "--keep", "a", "http://u:p@h"]
    shown = ["run", "--token", MASK, f"--password={MASK}", "--auth", "--keep", "a", f"http://{MASK}@h"]
    assert masked_command(command) == shown

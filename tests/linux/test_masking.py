"""Secrets are masked wherever a process is shown."""

import pytest

from app.linux.inspection import MASK, masked_command, masked_environment


@pytest.mark.parametrize(
    "name",
    ["API_TOKEN", "secret", "PGPASSWORD", "AWS_ACCESS_KEY_ID", "Credentials", "BASIC_AUTH", "COOKIE", "SENTRY_DSN"],
)
def test_variable_that_sounds_like_a_secret_is_masked(name: str) -> None:
    assert masked_environment({name: "hunter2"}) == {name: MASK}


def test_password_inside_an_address_is_masked() -> None:
    """The rest of the address stays: it is what one looks for."""
    shown = masked_environment({"DB": "postgres://shop:hunter2@db/shop", "HOME": "/home/shop"})
    assert shown == {"DB": f"postgres://{MASK}@db/shop", "HOME": "/home/shop"}


def test_options_of_a_command_are_masked() -> None:
    """After ``=`` and as the next argument; an option that follows is no value."""
    command = ["run", "--token", "x", "--password=y", "--auth", "--keep", "a", "http://u:p@h"]
    shown = ["run", "--token", MASK, f"--password={MASK}", "--auth", "--keep", "a", f"http://{MASK}@h"]
    assert masked_command(command) == shown

"""Secrets in environments, commands and error messages are masked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.masking import MASK, masked_command, masked_environment, masked_line, masked_text

SECRET = "hunter2"
PYTHON = "/usr/bin/python3.11"


@pytest.mark.parametrize(
    "name",
    [
        "API_TOKEN",
        "secret",
        "PGPASSWORD",
        "AWS_ACCESS_KEY_ID",
        "Credentials",
        "BASIC_AUTH",
        "COOKIE",
        "SENTRY_DSN",
        "DB_PASS",
        "PW",
    ],
)
def test_variable_named_like_a_secret_is_masked(name: str) -> None:
    assert masked_environment({name: SECRET}) == {name: MASK}


def test_password_in_a_url_is_masked() -> None:
    """The rest of the URL stays readable."""
    shown = masked_environment({"DB": "postgres://shop:hunter2@db/shop", "HOME": "/home/shop"})
    assert shown == {"DB": f"postgres://{MASK}@db/shop", "HOME": "/home/shop"}


def test_secret_options_in_a_command_are_masked() -> None:
    """The value may follow ``=`` or be the next argument; a following option is not a value."""
    command = ["run", "--token", "x", "--password=y", "--auth", "--keep", "a", "http://u:p@h"]
    shown = ["run", "--token", MASK, f"--password={MASK}", "--auth", "--keep", "a", f"http://{MASK}@h"]
    assert masked_command(command) == shown


@pytest.mark.parametrize(
    "command",
    [
        ["x", "--password=hunter2"],
        ["x", "--password=two words hunter2"],
        ["x", "-Ddb.password=hunter2"],
        ["x", "--db-pass", "hunter2"],
        ["x", "user=bob,pass=hunter2"],
        ["env", "SMTP_PASS=hunter2", "x"],
        ["openssl", "rsa", "-passin", "pass:hunter2"],
        ["env", "PGPASSWORD=hunter2", "psql"],
        ["env", "PGPASSWORD=two hunter2", "psql"],
        ["ssh", "box", "PGPASSWORD=hunter2 psql"],
        ["curl", "-u", "bob:hunter2", "x"],
        ["curl", "-sSubob:hunter2", "x"],
        ["curl", "--user=bob:hunter2", "x"],
        ["curl", "-H", "Authorization: Bearer hunter2"],
        ["curl", "-HCookie: a=hunter2"],
        ["curl", "-H", "Cookie:a=hunter2"],
        ["curl", "--header=X-Api-Key: hunter2"],
        ["curl", "--data", '{"user": "bob", "password": "hunter2 hunter2"}'],
        ["curl", "--data", "user=bob&password=hunter2"],
        ["curl", "https://box/x?token=hunter2&y=1"],
        ["tool", "Bearer hunter2"],
        ["tool", "amqp://bob:hunter2@box/x"],
        ["tool", "amqp://bob:p@ss@hunter2@box/x"],
        ["tool", "amqp://bob:hunter2-that-was-cut"],
        [PYTHON, "-c", "connect('hunter2')"],
        [PYTHON, "-Ic", "connect('hunter2')", "x"],
        [PYTHON, "-cconnect('hunter2')"],
        [PYTHON, "-X", "dev", "-u", "-c", "x: hunter2"],
        ["bash", "-lc", "connect hunter2"],
        ["bash", "-c", "-x", "connect hunter2"],
        ["nice", "-n", "5", "/bin/sh", "-ec", "hunter2"],
        ["perl", "-e", "connect hunter2"],
        ["node", "--eval=hunter2"],
        ["node", "--require", "dotenv", "-e", "hunter2"],
        ["perl", "-pe", "s/x/hunter2/"],
        ["psql", "-c", "ALTER USER bob PASSWORD 'hunter2'"],
        ["mysql", "-phunter2", "shop"],
        ["sshpass", "-p", "hunter2", "ssh", "box"],
        ["redis-cli", "-a", "hunter2"],
        ["postgres: bob password=hunter2 idle"],
    ],
    ids=" ".join,
)
def test_a_secret_is_masked_wherever_a_command_has_it(command: list[str]) -> None:
    assert SECRET not in masked_line(command)
    assert MASK in masked_line(command)


@pytest.mark.parametrize(
    "command",
    [
        ["python", "-u", "train.py", "-c", "config.yaml", "--epochs", "3"],
        ["python", "-X", "dev", "-m", "celery", "-c", "4"],
        ["docker", "run", "-u", "1000:1000", "-c", "4", "image"],
        ["ping", "-c", "3", "host"],
        ["gunicorn", "auth:app", "--bind", "http://localhost:8000"],
        ["mysql", "-P", "3306"],
        ["rsync", "--bypass=x", "--passes=3", "--compass", "north"],
        ["bash", "-e", "deploy.sh", "production"],
        ["sleep", "60"],
        [],
    ],
    ids=" ".join,
)
def test_a_command_without_a_secret_is_shown_as_it_is(command: list[str]) -> None:
    assert masked_command(command) == command


def test_the_own_processes_of_multiprocessing_can_be_told_apart() -> None:
    script = "from multiprocessing.resource_tracker import main;main(5)"
    assert masked_command(["python", "-c", script]) == [
        "python", "-c", f"from multiprocessing.resource_tracker import main; {MASK}"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Command '['psql', '--password', 'hunter2']' died", "Command '['psql', '--password', '***']' died"),
        ("Command 'psql --password=hunter2' died", "Command 'psql --password=***' died"),
        ("cannot open https://bob:hunter2@box/", "cannot open https://***@box/"),
        ("401 for Bearer hunter2", "401 for Bearer ***"),
        ("KeyError: 'token'", "KeyError: 'token'"),
        ("KeyError: 'x'", "KeyError: 'x'"),
        ("sorted(rows, key=len)", "sorted(rows, key=len)"),
        ("missing argument: 'password'", "missing argument: 'password'"),
    ],
)
def test_an_error_message_keeps_all_but_the_secret(text: str, shown: str) -> None:
    assert masked_text(text) == shown


@given(st.lists(st.text(max_size=20), max_size=5))
def test_any_arguments_can_be_masked(arguments: list[str]) -> None:
    """Each argument stays one argument."""
    assert len(masked_command(arguments)) == len(arguments)


@pytest.mark.parametrize("part", ["a.", "passw", "'", '"\\', "token=", "--token ", "key:", "://"])
def test_masking_takes_time_in_proportion_to_the_length(part: str) -> None:
    """Observed processes choose the text; with a search that is not linear this would take minutes."""
    text = part * (100_000 // len(part))
    assert masked_command([text, f"-{text}"])
    assert masked_text(text)

"""Why a program is not observed, by its command."""

import shlex

import pytest

from app.core.programs.unobserved import why_unobserved


@pytest.mark.parametrize(
    ("command", "flag"),
    [
        ("python -I train.py", "-I"),
        ("/venv/bin/python3.12 -uE train.py -I", "-E"),
        ("env A=1 python -W error -X dev -BS -m train", "-S"),
        ("python -Werror -I -c pass", "-I"),
    ],
)
def test_the_flag_is_named(command: str, flag: str) -> None:
    """Also among other flags, after others, and behind another command."""
    told = why_unobserved(shlex.split(command))
    assert told.startswith(f"{flag} makes Python ")
    assert f"Run it without {flag}." in told


@pytest.mark.parametrize(
    "command",
    [
        "python train.py -I",
        "python -m train -E",
        "python -c -S",
        "python -W -I train.py",
        "python -",
        "make -I x",
        "sh -E",
    ],
)
def test_an_argument_that_is_no_flag_of_python_is_not_blamed(command: str) -> None:
    """Then only the lack of reports is stated."""
    assert why_unobserved(shlex.split(command)).startswith("None of its processes has reported.")

"""Why a program is not observed, by the command that it is."""

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
    """Also among others, behind others, and where the command is not Python's own."""
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
def test_what_is_no_flag_of_python_is_not_blamed(command: str) -> None:
    """Then nobody knows more than that nothing was told."""
    assert why_unobserved(shlex.split(command)).startswith("None of its processes has reported.")

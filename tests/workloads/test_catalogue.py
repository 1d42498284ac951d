"""The entries of the catalogue, and the check of launch parameters."""

import json
import math
from typing import Annotated, Any

import msgspec
import pytest

import workers
from app.records.process import LaunchSpec
from workers import BadParameter, _catalogue
from workers._catalogue import Parameter
from workers._declare import Choices, Range, workload

CATALOGUE = workers.catalogue()

# Names are part of the contract, and so are the parameters.
PROMISED = {
    "sleep": ["seconds"],
    "burn-cpu": ["seconds"],
    "allocate-memory": ["mib", "seconds"],
    "count-primes": ["limit"],
    "print-lines": ["rate", "seconds"],
    "flood": ["mb_per_s", "seconds"],
    "exit-with": ["code"],
    "raise": [],
    "end-by-signal": ["signal"],
    "subclass": ["seconds"],
    "ignore-sigterm": ["seconds"],
    "slow-shutdown": ["seconds"],
    "hang": ["seconds"],
    "hang-in-c": ["seconds"],
    "thread-deadlock": [],
    "descendants": ["seconds"],
    "daemon-with-child": [],
    "zombie": [],
    "crash-loop": [],
    "fork-burst": ["count"],
}


def test_it_has_the_workloads_of_the_contract() -> None:
    """Every promised name with its parameters."""
    assert {name: [one.name for one in found.parameters] for name, found in CATALOGUE.items()} == PROMISED


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_has_everything_that_the_page_shows(name: str) -> None:
    """A title, a one-line description, what to look at, a theme; each parameter with bounds or choices, and help."""
    found = CATALOGUE[name]
    assert found.name == name
    for text in (found.title, found.description, found.look_at, found.theme):
        assert text
        assert "\n" not in text
    assert found.description.endswith(".")
    for parameter in found.parameters:
        assert parameter.help
        assert parameter.choices or (parameter.minimum is not None and parameter.maximum is not None)


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_can_be_launched_with_its_defaults(name: str) -> None:
    """The defaults are allowed values, and those for the launch are fields of a launch."""
    found = CATALOGUE[name]
    assert found.check({}) == {one.name: one.default for one in found.parameters}
    assert msgspec.convert({"workload": name, **found.defaults}, LaunchSpec).workload == name


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_has_a_json_form(name: str) -> None:
    """With the fields of the contract."""
    told = CATALOGUE[name].to_json()
    assert told.keys() == {"name", "title", "description", "look_at", "theme", "parameters", "defaults"}
    for parameter in json.loads(json.dumps(told))["parameters"]:
        assert parameter.keys() == {"name", "type", "default", "minimum", "maximum", "choices", "help"}
        assert parameter["type"] in ("int", "float", "str", "bool")


def test_callers_get_copies() -> None:
    """Each caller has its own dict."""
    workers.catalogue().clear()
    assert workers.catalogue() == CATALOGUE


@pytest.mark.parametrize(
    ("name", "given", "taken"),
    [
        ("sleep", {"seconds": 5}, {"seconds": 5.0}),
        ("sleep", {"seconds": 86_400}, {"seconds": 86_400.0}),
        ("exit-with", {"code": 7.0}, {"code": 7}),
        ("exit-with", {"code": 0}, {"code": 0}),
        ("allocate-memory", {"mib": 4096}, {"mib": 4096, "seconds": 30.0}),
        ("end-by-signal", {"signal": "SIGTERM"}, {"signal": "SIGTERM"}),
        ("raise", {}, {}),
    ],
)
def test_valid_values_are_converted_to_the_parameters_type(
    name: str, given: dict[str, Any], taken: dict[str, Any]
) -> None:
    """Numbers are converted without loss, and missing values have their defaults."""
    checked = CATALOGUE[name].check(given)
    assert checked == taken
    assert [type(value) for value in checked.values()] == [type(value) for value in taken.values()]


SIGNALS = "SIGTERM, SIGKILL, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGUSR1, SIGUSR2"
SECONDS = "must be a number from 0 to 86400, not "


@pytest.mark.parametrize(
    ("name", "given", "field", "reason"),
    [
        ("sleep", {"seconds": -1}, "seconds", SECONDS + "-1"),
        ("sleep", {"seconds": 86_401}, "seconds", SECONDS + "86401"),
        ("sleep", {"seconds": "5"}, "seconds", SECONDS + "'5'"),
        ("sleep", {"seconds": None}, "seconds", SECONDS + "None"),
        ("sleep", {"seconds": True}, "seconds", SECONDS + "True"),
        ("sleep", {"seconds": math.nan}, "seconds", SECONDS + "nan"),
        ("sleep", {"seconds": math.inf}, "seconds", SECONDS + "inf"),
        ("sleep", {"seconds": [1]}, "seconds", SECONDS + "[1]"),
        ("sleep", {"seconds": 10**400}, "seconds", SECONDS + "1" + "0" * 49 + "…"),
        ("sleep", {"second": 1}, "second", "unknown parameter of sleep; its parameters are seconds"),
        ("raise", {"code": 1}, "code", "unknown parameter of raise; it has no parameters"),
        ("exit-with", {"code": 256}, "code", "must be a whole number from 0 to 255, not 256"),
        ("exit-with", {"code": 1.5}, "code", "must be a whole number from 0 to 255, not 1.5"),
        ("exit-with", {"code": False}, "code", "must be a whole number from 0 to 255, not False"),
        ("fork-burst", {"count": 201}, "count", "must be a whole number from 1 to 200, not 201"),
        ("allocate-memory", {"mib": 4097}, "mib", "must be a whole number from 1 to 4096, not 4097"),
        ("flood", {"mb_per_s": 501}, "mb_per_s", "must be a number from 0.1 to 500, not 501"),
        (
            "end-by-signal",
            {"signal": "SIGSTOP"},
            "signal",
            f"must be one of {SIGNALS}, not 'SIGSTOP'",
        ),
    ],
)
def test_an_invalid_value_is_refused_with_what_is_allowed(
    name: str, given: dict[str, Any], field: str, reason: str
) -> None:
    """The error names the parameter, what is wrong, and what is allowed."""
    with pytest.raises(BadParameter) as refused:
        CATALOGUE[name].check(given)
    assert (refused.value.name, refused.value.reason) == (field, reason)
    assert str(refused.value) == f"{field}: {reason}"
    assert isinstance(refused.value, ValueError)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [("str", ["", "x" * 1000], [1, None, "x" * 1001]), ("bool", [True, False], [0, 1, "true", None])],
)
def test_strings_and_flags_are_not_converted(kind: str, good: list[object], bad: list[object]) -> None:
    """Other types are refused."""
    parameter = Parameter(name="it", type=kind)
    assert [parameter.check(value) for value in good] == good
    for value in bad:
        with pytest.raises(BadParameter):
            parameter.check(value)


def test_a_parameter_without_a_default_is_required() -> None:
    """The error says what is allowed."""
    parameter = Parameter(name="count", type="int", minimum=1, maximum=3)
    entry = _catalogue.Workload(
        name="one", title="", description="", look_at="", theme="", module="", qualname="",
        parameters=(parameter,), defaults={},
    )  # fmt: skip
    with pytest.raises(BadParameter, match="count: required: a whole number from 1 to 3"):
        entry.check({})


def test_the_decorator_returns_the_plain_function() -> None:
    """It can be called like any other."""

    @workload("double", look_at="nothing", auto_join=False)
    def double(number: Annotated[int, Range(0, 9), "what to double"], how: Annotated[str, Choices("a")] = "a") -> int:
        """Doubles."""
        return 2 * number if how else 0

    assert double(4) == 8
    assert double.__doc__ == "Doubles."

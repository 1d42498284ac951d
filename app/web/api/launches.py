"""The schemas of launches, made from the catalogue: each workload with its parameters, each function by its name."""

from collections.abc import Iterable
from typing import Any

from app.records.primitives import JsonDict
from app.web.schemas.processes import OF_WORKLOAD
from app.web.schemas.programs import OF_WORKLOAD as OF_PROGRAM

#: The supervisor takes no longer text as a parameter.
MAX_TEXT_CHARACTERS = 1000
TYPES = {"int": "integer", "float": "number", "str": "string", "bool": "boolean"}


def describe(
    schemas: JsonDict,
    workloads: Iterable[JsonDict] = (),
    programs: Iterable[JsonDict] = (),
    functions: Iterable[JsonDict] = (),
) -> None:
    """Let the schemas of bodies name what is in the catalogue; without one they stay as they are."""
    for name, entries, brings in (
        ("LaunchBody", workloads, OF_WORKLOAD),
        ("BatchBody", workloads, OF_WORKLOAD),
        ("RunBody", programs, OF_PROGRAM),
    ):
        if entries:
            _any, other = schemas[name]["oneOf"]
            schemas[name]["oneOf"] = [*(_launch(entry, brings) for entry in entries), other]
    if functions:
        named = {"enum": [each["name"] for each in functions]}
        own = {"type": "string", "pattern": ":"}
        schemas["JobBody"]["properties"]["function"] |= {"anyOf": [named, own]}


def _launch(entry: JsonDict, brings: JsonDict) -> JsonDict:
    parameters = entry["parameters"]
    required = [each["name"] for each in parameters if each["default"] is None]
    params = {
        "type": "object",
        "properties": {each["name"]: _parameter(each) for each in parameters},
        "additionalProperties": False,
        "required": required,
    }
    properties = {"workload": {"const": entry["name"]}, "params": params}
    return {
        "title": entry["title"],
        "description": entry["description"],
        "required": ["workload", *(["params"] if required else [])],
        "properties": properties | brings,
    }


def _parameter(told: JsonDict) -> JsonDict:
    schema: dict[str, Any] = {"type": TYPES[told["type"]], "description": told["help"]}
    if told["choices"]:
        schema["enum"] = told["choices"]
    elif told["type"] == "str":
        schema["maxLength"] = MAX_TEXT_CHARACTERS
    bounds = {name: told[name] for name in ("default", "minimum", "maximum") if told[name] is not None}
    return schema | bounds

"""The catalogue as the supervisor sees it: workloads, typed parameters, and the check of their values."""

from __future__ import annotations

import inspect
import math
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from ._declare import DECLARED, BadParameter, Choices, Declaration, Range

MAX_TEXT = 1000
ALLOWED_DEFAULTS = {"start_method", "daemon", "auto_join", "grace_s", "stuck_after_s", "restart"}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One field of the launch form; a ``default`` of None means that it is required."""

    name: str
    type: str
    default: float | str | bool | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] | None = None
    help: str = ""

    def check(self, value: object) -> Any:
        """Return ``value`` in the parameter's own type; raises `BadParameter`."""
        checked = _CONVERT[self.type](value)
        if checked is None or not self._is_allowed(checked):
            raise BadParameter(self.name, f"must be {self.allowed}, not {_shown(value)}")
        return checked

    @property
    def allowed(self) -> str:
        """The allowed values, as text."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.minimum is not None:
            return f"{_WORDS[self.type]} from {self.minimum:g} to {self.maximum:g}"
        return _WORDS[self.type]

    def _is_allowed(self, value: Any) -> bool:
        if self.choices:
            return value in self.choices
        return self.minimum is None or self.maximum is None or self.minimum <= value <= self.maximum


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One catalogue entry; its target is ``qualname`` in ``module``."""

    name: str
    title: str
    description: str
    look_at: str
    theme: str
    module: str
    qualname: str
    parameters: tuple[Parameter, ...]
    defaults: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return everything that the launch form needs, as JSON."""
        entry = asdict(self)
        del entry["module"], entry["qualname"]
        return entry

    def check(self, params: Mapping[str, object]) -> dict[str, Any]:
        """Return the keyword arguments for the target, with defaults; raises `BadParameter`."""
        return checked(self.name, self.parameters, params)


@cache
def discover() -> dict[str, Workload]:
    """Return all workloads of all themes; raises ValueError for a name that is used twice."""
    found: dict[str, Workload] = {}
    for module in _themes():
        for target, declared in _declared_in(module):
            if declared.name in found:
                raise ValueError(f"duplicate workload name: {declared.name}")
            found[declared.name] = _workload(module, target, declared)
    return found


def _themes() -> Iterator[ModuleType]:
    package = import_module(__package__ or "workers")
    for found in pkgutil.iter_modules(package.__path__):
        if not found.name.startswith("_"):
            yield import_module(f"{package.__name__}.{found.name}")


def _declared_in(module: ModuleType) -> Iterator[tuple[Callable[..., Any], Declaration]]:
    for target in list(vars(module).values()):
        declared = getattr(target, "__dict__", {}).get(DECLARED)
        if isinstance(declared, Declaration) and target.__module__ == module.__name__:
            yield target, declared


def _workload(module: ModuleType, target: Callable[..., Any], declared: Declaration) -> Workload:
    if unknown := declared.defaults.keys() - ALLOWED_DEFAULTS:
        raise ValueError(f"{declared.name}: unknown defaults: {', '.join(sorted(unknown))}")
    return Workload(
        name=declared.name,
        title=declared.title,
        description=first_line(target.__doc__),
        look_at=declared.look_at,
        theme=first_line(module.__doc__),
        module=module.__name__,
        qualname=target.__qualname__,
        parameters=tuple(parameters(target)),
        defaults=dict(declared.defaults),
    )


def parameters(target: Callable[..., Any]) -> Iterator[Parameter]:
    """Yield the parameters in a target's signature."""
    annotated = target.__init__ if isinstance(target, type) else target  # type: ignore[misc]
    hints = get_type_hints(annotated, include_extras=True)
    for parameter in inspect.signature(target).parameters.values():
        hint = hints[parameter.name]
        kind, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        default = None if parameter.default is inspect.Parameter.empty else parameter.default
        yield Parameter(name=parameter.name, type=kind.__name__, default=default, **_told_by(extras))


def _told_by(extras: list[Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for extra in extras:
        match extra:
            case Range():
                told |= {"minimum": extra.minimum, "maximum": extra.maximum}
            case Choices():
                told["choices"] = extra.values
            case str():
                told["help"] = extra
    return told


def checked(of: str, parameters: tuple[Parameter, ...], params: Mapping[str, object]) -> dict[str, Any]:
    """Return a value for each of the parameters of ``of``, with defaults; raises `BadParameter`."""
    known = {parameter.name: parameter for parameter in parameters}
    for name in params:
        if name not in known:
            allowed = f"its parameters are {', '.join(known)}" if known else "it has no parameters"
            raise BadParameter(name, f"unknown parameter of {of}; {allowed}")
    return {name: _given(parameter, params) for name, parameter in known.items()}


def _given(parameter: Parameter, params: Mapping[str, object]) -> Any:
    if parameter.name in params:
        return parameter.check(params[parameter.name])
    if parameter.default is None:
        raise BadParameter(parameter.name, f"required: {parameter.allowed}")
    return parameter.check(parameter.default)


def first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 50 else f"{text[:50]}…"


def _float(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _int(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _str(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) <= MAX_TEXT else None


def _bool(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


_CONVERT: dict[str, Callable[[object], Any]] = {"int": _int, "float": _float, "str": _str, "bool": _bool}
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": f"a string of at most {MAX_TEXT} characters",
    "bool": "true or false",
}

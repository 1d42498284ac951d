"""Messages of a schema with every kind of fault: odd values, contradictions, damaged bytes.  Seeded, so repeatable."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import inspect

#: Beyond 64 bits, beyond pids, beyond files, beyond floats.
NUMBERS = (
    0,
    1,
    -1,
    2,
    3,
    7,
    255,
    2**16,
    2**22,
    2**22 + 1,
    2**31,
    2**53,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    2**64,
    10**40,
    10**400,
)
TEXTS = ("", " ", "\0", "\x1b[2J", "x" * 300, "../../etc", "é\u202e\U0001f600", "-1", "p1", "1-2", "{}", "None")
JUNK: tuple[Any, ...] = (None, True, [], {}, [[]], 1.5, -0.0, 1e308, *NUMBERS, *TEXTS)
DEPTH = 4


class Garbage:
    """Makes JSON of the messages of ``union``; fields named in ``known`` mostly take one of those values."""

    def __init__(self, union: Any, seed: int, known: Mapping[str, Sequence[Any]]) -> None:
        self.rng = random.Random(seed)
        self._known = known
        found = inspect.type_info(union)
        self._structs = found.types if isinstance(found, inspect.UnionType) else (found,)

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield self.message()

    def message(self) -> bytes:
        """Return one message, more often nearly right than not."""
        value = self._struct(self.rng.choice(self._structs), DEPTH)
        if self.rng.random() < 0.3 and isinstance(value, dict):
            key = self.rng.choice([*value, "extra"])
            value[key] = self.rng.choice(JUNK)
        data = msgspec.json.encode(value)
        return self._damaged(data) if self.rng.random() < 0.1 else data

    def _damaged(self, data: bytes) -> bytes:
        at = self.rng.randrange(len(data) + 1)
        match self.rng.randrange(5):
            case 0:
                return data[:at]
            case 1:
                return data[:at] + bytes([self.rng.randrange(256)]) + data[at + 1 :]
            case 2:
                return data[:at] + b"[" * self.rng.choice((5, 100, 2_000)) + data[at:]
            case 3:
                depth = self.rng.choice((10, 70, 600, 900, 2_000))
                return b'{"kind":"made","key":"7-8","resource":"lock","facts":' + b'{"a":' * depth + b"1" + b"}" * depth
            case _:
                return data.replace(b"1", b"1" * self.rng.choice((10, 20, 400, 5_000)), 1)

    def _struct(self, kind: Any, depth: int) -> Any:
        if not isinstance(kind, inspect.StructType):
            return self._value("", kind, depth)
        value: dict[str, Any] = {kind.tag_field: kind.tag} if kind.tag_field else {}
        for field in kind.fields:
            if field.required or self.rng.random() < 0.5:
                value[field.encode_name] = self._value(field.encode_name, field.type, depth - 1)
        return list(value.values()) if kind.array_like else value

    def _value(self, name: str, kind: Any, depth: int) -> Any:  # noqa: C901, PLR0911, PLR0912 - one line for each type
        rng = self.rng
        if name in self._known and rng.random() < 0.8:
            return rng.choice(self._known[name])
        if rng.random() < 0.02:
            return rng.choice(JUNK)
        match kind:
            case inspect.UnionType(types=types):
                return self._value(name, rng.choice(types), depth)
            case inspect.Metadata(type=inner):
                return self._value(name, inner, depth)
            case inspect.IntType():
                return rng.choice(NUMBERS[:-4]) if rng.random() < 0.9 else rng.choice(NUMBERS)
            case inspect.FloatType():
                return rng.choice((0.0, 1.0, -1.0, 1e-9, 1e9, 1e308))
            case inspect.BoolType():
                return rng.random() < 0.5
            case inspect.NoneType():
                return None
            case inspect.StrType():
                return rng.choice(TEXTS) if rng.random() < 0.5 else "".join(rng.choices(string.printable, k=5))
            case inspect.LiteralType(values=values):
                return rng.choice(values)
            case inspect.EnumType(cls=cls):
                return rng.choice(list(cls)).value
            case (
                inspect.ListType(item_type=item)
                | inspect.VarTupleType(item_type=item)
                | inspect.SetType(item_type=item)
            ):
                return [self._value(name, item, depth - 1) for _ in range(rng.randrange(4) if depth > 0 else 0)]
            case inspect.TupleType(item_types=items):
                return [self._value(name, item, depth - 1) for item in items]
            case inspect.DictType(key_type=key, value_type=item):
                count = rng.randrange(4) if depth > 0 else 0
                keys = [self._value(f"{name}.key", key, 0) for _ in range(count)]
                return {str(one): self._value(f"{name}.value", item, depth - 1) for one in keys}
            case inspect.StructType():
                return self._struct(kind, depth)
            case _:
                return rng.choice(JUNK)

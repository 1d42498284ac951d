"""Find out whether code releases a lock that it has not acquired, as one does that hands a lock on as a signal."""

_RELEASED_AND_ACQUIRED = {}  # type: ignore[var-annotated] # by code
_MOST_CODES = 2000


def foreign(codes):
    """Return whether these release a variable that none of them acquires.

    Not a local one that is no argument: what a function makes itself is no lock that others wait for.
    """
    found = [_known_calls(code) for code in codes]
    return not _union(released for released, _ in found) <= _union(acquired for _, acquired in found)


def _union(sets):
    return frozenset().union(*sets)


def _known_calls(code):
    """Return the names of the variables that code releases, and of those that it acquires."""
    found = _RELEASED_AND_ACQUIRED.get(code)
    if found is None:
        found = _calls(code)
        if len(_RELEASED_AND_ACQUIRED) < _MOST_CODES:
            _RELEASED_AND_ACQUIRED[code] = found
    return found


def _calls(code):
    parts = [_known_calls(constant) for constant in code.co_consts if type(constant) is type(code)]
    if not {"release", "acquire"}.isdisjoint(code.co_names):
        parts.append(_own_calls(code))
    return _union(released for released, _ in parts), _union(acquired for _, acquired in parts)


def _own_calls(code):
    from dis import get_instructions

    found = {"release": set(), "acquire": set()}
    before = None
    for one in get_instructions(code):
        if one.argval in ("release", "acquire") and one.opname in ("LOAD_METHOD", "LOAD_ATTR"):
            variable = _variable(before, code, with_local=one.argval == "acquire")
            found[one.argval].update(() if variable is None else (variable,))
        before = one
    return found["release"], found["acquire"]


def _variable(loaded, code, *, with_local):
    """Return the name of the variable, or attribute, that an instruction loads; what it does otherwise."""
    name = loaded.argval[-1] if type(loaded.argval) is tuple else loaded.argval
    if type(name) is not str:
        return loaded.opname
    given = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return name if with_local or "_FAST" not in loaded.opname or name in given else None

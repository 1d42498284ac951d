"""Encode messages as JSON.  The json module would cost each interpreter 2 to 5 ms; its parts in C cost nothing."""

try:
    from _json import encode_basestring_ascii as _quoted
except ImportError:  # not CPython
    from json.encoder import encode_basestring_ascii as _quoted


def encoded(value):
    """Return JSON of None, bool, int, float, str and lists and dicts of them; of anything else, its repr."""
    try:
        text = "".join(_encode(value, 0))
        if "\\ud" not in text:
            return text
    except Exception:  # noqa: S110 - NaN, infinity, or not CPython
        pass
    return _encoded(value)


def _encoded(value):
    """Encode more slowly, and correctly also for surrogates and NaN."""
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value) if value - value == 0 else "null"
    if isinstance(value, dict):
        return "{" + ",".join([quoted(key) + ":" + _encoded(value[key]) for key in value]) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([_encoded(item) for item in value]) + "]"
    return quoted(value if isinstance(value, str) else _shown(value))


def _shown(value):
    return repr(value)[:200]


try:
    from _json import make_encoder

    _encode = make_encoder(None, _shown, _quoted, None, ":", ",", False, False, False)
except Exception:  # not CPython, or an unknown version
    _encode = None  # type: ignore[assignment]


def quoted(text):
    """Return a JSON string; lone surrogates (from undecodable file names) become question marks."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return _quoted(text)


def short(name):
    """Cut a name, so that the message keeps its size limit."""
    return str(name)[:200]


def named(thing):
    """Return ``module.qualname`` of a function or class, also below functools.partial."""
    thing = getattr(thing, "func", thing)
    try:
        return thing.__module__ + "." + thing.__qualname__
    except (AttributeError, TypeError):
        return type(thing).__module__ + "." + type(thing).__qualname__

"""Wrap functions of the program's modules so that nobody sees a difference."""

_LOOKS = ("__module__", "__name__", "__qualname__", "__doc__")


#: The attribute of a resource that holds its key.
KEY = "_procession_key"


def wrap(owner, name, make):
    """Replace ``owner.name`` by what ``make`` returns for it, with the same name, place and signature.

    pickle finds functions by name and place; inspect finds the signature by ``__wrapped__``.
    """
    original = owner.__dict__[name]
    function = original.__func__ if isinstance(original, (staticmethod, classmethod)) else original
    replacement = make(function)
    for look in _LOOKS:
        setattr(replacement, look, getattr(function, look))
    replacement.__wrapped__ = function
    setattr(owner, name, replacement if function is original else type(original)(replacement))

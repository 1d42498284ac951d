"""Wrap functions of the program's modules so that nobody sees a difference."""

import os

_LOOKS = ("__module__", "__name__", "__qualname__", "__doc__")


_HERE = os.path.dirname(os.path.abspath(__file__))

#: The attribute of a resource that holds its key.
KEY = "_procession_key"


#: Where packages are that are copies of multiprocessing, or pass on what they are told to do as it does.
COPIES = tuple(
    os.path.join("", folder, name, "")
    for folder in ("site-packages", "dist-packages")
    for name in ("multiprocess", "billiard", "loky", os.path.join("joblib", "externals", "loky"))
)


def is_of_copy(place):
    """Return whether a file belongs to a copy of multiprocessing."""
    return "-packages" in place and any(copy in place for copy in COPIES)


def hide(error):
    """Remove our frames from the start of a traceback, so that a bare ``raise`` does not show them.

    Called by itself where a ``with HIDDEN`` costs too much, in each put, get and acquire, or where there is a ``try``
    anyway.  Without effect before Python 3.11, which goes on with the traceback as it was caught.
    """
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(_HERE):
        frames = frames.tb_next
    error.__traceback__ = frames


class _Hidden:
    """Hides the function that calls something of the program's ``with`` this, as `hide` does."""

    def __enter__(self):
        pass

    def __exit__(self, kind, error, traceback):
        if error is not None:
            hide(error)


HIDDEN = _Hidden()


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

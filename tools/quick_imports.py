"""Make the packages of this checkout quick to find: ``make python`` calls this after ``pip install -e .``.

The module by which setuptools finds them imports pathlib and importlib.util, which takes longer than the rest of
Python's start.  Each child that multiprocessing spawns is such a start.
"""

import importlib
import sysconfig
from pathlib import Path

FINDER = '''"""Finds the packages of the checkout, after those of the same name on the import path."""

import sys
from _frozen_importlib_external import PathFinder

PACKAGES = {packages!r}


class CheckoutFinder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return PathFinder.find_spec(name, [{root!r}]) if name in PACKAGES else None


def install():
    sys.meta_path.append(CheckoutFinder)
'''


def main() -> None:
    """Replace the module that pip has just installed; raises ValueError if there is none."""
    (file,) = Path(sysconfig.get_path("purelib")).glob("__editable___procession_*_finder.py")
    packages = importlib.import_module(file.stem).MAPPING
    (root,) = {str(Path(folder).parent) for folder in packages.values()}
    file.write_text(FINDER.format(packages=tuple(packages), root=root))


if __name__ == "__main__":
    main()

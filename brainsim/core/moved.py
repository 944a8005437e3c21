"""Modules by the names that they had in version 0.1.0: imports and pickles of that version work for one release.

``moved.txt`` has a line for each, ``OLD = NEW``. The file is read, and this finder asked, only when no module of a name is
found.
"""

import functools
import importlib
import importlib.abc
import importlib.machinery
import sys
from pathlib import Path
from types import ModuleType

LIST = Path(__file__).with_name("moved.txt")


class Moved(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules that have moved, and the packages in which they were."""

    def find_spec(self, name, path=None, target=None):
        """Return the specification of a module that has moved, None for any other."""
        if not name.startswith("brainsim.") or name not in _moved():
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=not _moved()[name])

    def create_module(self, spec):
        """Return the module where it is now; a package without anything in it for a folder that is no more."""
        place = _moved()[spec.name]
        if not place:
            return ModuleType(spec.name, "A folder whose modules have moved.")
        module = importlib.import_module(place)
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module):
        """Give a module that has moved its own specification back; it has been executed."""
        former = self._specs.pop(module.__spec__.name, None)
        if former is not None:
            module.__spec__ = former

    def __init__(self):
        self._specs = {}


@functools.cache
def _moved():
    """Return old name -> new name; "" for packages."""
    lines = (line.partition(" = ") for line in LIST.read_text(encoding="utf-8").splitlines())
    modules = {old: new for old, _, new in lines}
    packages = {old.rpartition(".")[0] for old in modules}
    return dict.fromkeys(packages, "") | modules


sys.meta_path.append(Moved())

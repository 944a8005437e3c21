"""Modules by the names that they had in version 0.1.0: imports and pickles of that version work for one release.

A module that is neither there nor moved may have been deleted, as each feature and each public room can be: the error
says so.

``moved.txt`` has a line for each, ``OLD = NEW``. This finder is asked, and reads the file, only when no module of a name is
found. It is loaded with brainsim, so it imports nothing before it is needed.
"""

import sys


class Moved:
    """Finds and loads the modules that have moved, and the packages in which they were."""

    def __init__(self):
        self._names, self._specs = {}, {}

    def find_spec(self, name, path=None, target=None):
        """Return the specification of a module that has moved, None for one of another package."""
        if not name.startswith("brainsim."):
            return None
        self._names = self._names or names()
        if name not in self._names:
            hint = "if it was deleted, install brainsim again"
            raise ModuleNotFoundError(f"this copy of brainsim lacks the module {name!r}; {hint}", name=name)
        from importlib.machinery import ModuleSpec

        return ModuleSpec(name, self, is_package=not self._names[name])

    def create_module(self, spec):
        """Return the module where it is now; an empty package for a folder that no longer exists."""
        import importlib

        place = self._names[spec.name]
        if not place:
            return type(sys)(spec.name, "A folder whose modules have moved.")
        module = importlib.import_module(place)
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module):
        """Give a module that has moved its own specification back; it has been executed."""
        former = self._specs.pop(module.__spec__.name, None)
        if former is not None:
            module.__spec__ = former


def names():
    """Return old name -> new name; "" for packages."""
    from importlib.resources import files

    lines = (line.partition(" = ") for line in files(__package__).joinpath("moved.txt").read_text("utf-8").splitlines())
    modules = {old: new for old, _, new in lines}
    folders = {old.rpartition(".")[0] for old in modules} - {new.rpartition(".")[0] for new in modules.values()}
    gone = {folder for folder in folders if folder.count(".") > 1}  # rooms are where they were; one that is not was deleted
    return dict.fromkeys(gone, "") | modules


sys.meta_path.append(Moved())

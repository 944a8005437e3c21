"""A page for each public name that is not on a page of its own among the models, written when the site is built."""

import functools
import inspect
import types
from pathlib import Path

from docstrings import as_rst
from model_pages import pictures_with, put, title

import brainsim as bs

FOLDER = "reference"
MODULES = ("analysis", "ann", "connectomes", "encode", "explore", "learn", "nestml", "nir", "plot", "positions", "signals")
MODULES += ("sonata", "testing", "values")
# heading -> the packages that define its names
SECTIONS = {
    "Networks": ("brainsim.network.", "brainsim.engine."),
    "Results": ("brainsim.results.",),
    "Models and values": ("brainsim.models.", "brainsim.equations.", "brainsim.features."),
    "Sweeps": ("brainsim.sweeps.",),
    "Fitting": ("brainsim.fitting.",),
    "Errors": ("brainsim.",),
}
SHOWN = types.FunctionType | classmethod | staticmethod | property | functools.cached_property


def write(source, described):
    """Write all pages below `source`, except of the names that are `described` elsewhere; return the names."""
    folder = Path(source) / FOLDER
    folder.mkdir(exist_ok=True)
    names = [name for name in bs._PUBLIC if name not in described]
    lines = [
        *title("Reference"),
        "Every public name. Those of models, inputs and rules are listed in :doc:`../models/index`.",
        "",
    ]
    left = set(names)
    for heading, homes in SECTIONS.items():
        found = sorted((n for n in left if getattr(bs, n).__module__.startswith(homes)), key=str.casefold)
        left -= set(found)
        lines += section(heading, {name: getattr(bs, name) for name in found})
    for name in names:
        put(folder / f"{file_of(name)}.rst", page(name, getattr(bs, name)))
    for module in MODULES:
        names += write_module(folder, module, getattr(bs, module), described)
    lines += ["Modules", "-------", "", ".. toctree::", "   :maxdepth: 1", "", *(f"   {module}" for module in MODULES), ""]
    put(folder / "index.rst", "\n".join(lines))
    return names


def write_module(folder, prefix, module, described):
    """Write the page of a module and those of what is in it; return the names."""
    things = {f"{prefix}.{name}": getattr(module, name) for name in module.__all__}
    modules = {name: thing for name, thing in things.items() if isinstance(thing, types.ModuleType)}
    others = {name: thing for name, thing in things.items() if name not in modules and callable(thing)}
    own = {name: thing for name, thing in others.items() if not is_described(name, described)}
    for name, thing in own.items():
        put(folder / f"{name}.rst", page(name, thing))
    lines = [*title(f"bs.{prefix}"), f".. py:module:: brainsim.{prefix}", "", as_rst(inspect.getdoc(module)), ""]
    lines += rows(others, described)
    names = [name for inner, thing in modules.items() for name in write_module(folder, inner, thing, described)]
    lines += [".. toctree::", "   :maxdepth: 1", "", *(f"   {name}" for name in modules), ""] if modules else []
    lines += [".. toctree::", "   :hidden:", "", *(f"   {name}" for name in own), ""] if own else []
    put(folder / f"{prefix}.rst", "\n".join(lines))
    return [*own, *names]


def file_of(name):
    """Return the name of the file of a page: `sweep` and `Sweep` are one file on some systems."""
    twins = {other for other in bs._PUBLIC if other.casefold() == name.casefold()}
    return f"{name}-function" if len(twins) > 1 and name.islower() else name


def is_described(name, described):
    """Return whether a name of a module has its page among the models."""
    return name in described or (name.startswith("values.") and name.removeprefix("values.") in described)


def section(heading, things):
    """Return a heading and a table of what is below it."""
    if not things:
        return []
    hidden = [".. toctree::", "   :hidden:", "", *(f"   {file_of(name)}" for name in things), ""]
    return [*title(heading, "-"), *rows(things, ()), *hidden]


def rows(things, described):
    """Return a table with the name of each thing and its first sentence."""
    if not things:
        return []
    lines = [".. list-table::", "   :widths: auto", ""]
    for name, thing in things.items():
        at = name if name in described else name.removeprefix("values.")
        link = f"{name} <../models/{at}>" if is_described(name, described) else f"{name} <{file_of(name)}>"
        text = (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ").split(". ")[0].rstrip(".:")
        lines += [f"   * - :doc:`{link}`", f"     - {as_rst(text)}"]
    return [*lines, ""]


def page(name, thing):
    """Return the page of a class or a function."""
    lines = title(f"bs.{name}")
    if inspect.isclass(thing):
        members = members_of(thing)
        lines += [f".. autoclass:: brainsim.{name}"]
        lines += [f"   :members: {', '.join(members)}", "   :inherited-members:"] if members else []
    else:
        lines += [f".. autofunction:: brainsim.{name}"]
    return "\n".join([*lines, "", *pictures_with(name)])


def members_of(kind):
    """Return the names of the public methods and properties that a class has from brainsim."""
    found = {}
    for base in kind.__mro__:
        if base.__module__.startswith("brainsim"):
            found |= {
                n: v for n, v in vars(base).items() if not n.startswith("_") and isinstance(v, SHOWN) and n not in found
            }
    return [name for name, value in found.items() if inspect.getdoc(getattr(kind, name, value))]

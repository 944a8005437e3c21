"""The extension of Sphinx that writes pages of models and of the reference, draws formulas, and makes notebooks."""

import functools
import inspect
from pathlib import Path

import docstrings
import downloads
import formulas
import live_pages
import marking
import model_pages
import outside
import reference_pages
import search_words
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.roles import XRefRole

import brainsim as bs
from brainsim.models.documentation import declared_sections


def setup(app: Sphinx):
    """Connect the parts to Sphinx."""
    app.connect("builder-inited", write_pages, priority=100)  # before sphinx-gallery, which reads what is written
    app.connect("source-read", downloads.read, priority=400)  # the text as it is in the repository
    app.connect("source-read", live_pages.read, priority=450)  # and before links lead into the site
    app.connect("source-read", outside.read)
    app.connect("source-read", marking.read)
    app.connect("source-read", search_words.read, priority=600)  # below the title of what a page has by then
    app.connect("build-finished", downloads.write)
    app.connect("build-finished", live_pages.write)
    app.connect("build-finished", drop_maps)
    formulas.setup(app)
    app.connect("autodoc-process-docstring", process, priority=100)  # before napoleon
    app.add_role("quoted", quoted)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def write_pages(app):
    """Write the pages; portraits only where pictures are made."""
    pictures = str(app.config.plot_gallery) not in ("0", "False")
    described = model_pages.write(app.srcdir, pictures)
    reference_pages.write(app.srcdir, described)
    drop_old_pages(Path(app.srcdir))


def drop_old_pages(source):
    """Delete what an earlier build wrote for names and scripts that are no longer there."""
    for folder in (model_pages.FOLDER, reference_pages.FOLDER):
        for page in set((source / folder).glob("*.rst")) - model_pages.written:
            page.unlink()
    for page in (source / "pictures").glob("*/plot_*.rst"):
        if not (source / "gallery" / page.parent.name / f"{page.stem}.py").exists():
            for path in page.parent.glob(f"{page.stem}.*"):
                path.unlink()


def drop_maps(app, problem):
    """Delete the maps of the theme's sources, 2 MB that only its developers read."""
    for path in Path(app.outdir).glob("_static/**/*.map"):
        path.unlink()


def process(app, what, name, thing, options, lines):
    """Protect the letters of a docstring; the page of a model shows the description and the variables above."""
    text = inspect.cleandoc("\n".join(lines))
    if name.removeprefix("brainsim.") in model_pages.pages():
        text = docstrings.sections_of(text)
        if getattr(thing, "initials", None):  # a table there; that of the parameters says less than their list
            text = text.replace(declared_sections(thing)[-1], "")
    lines[:] = docstrings.as_rst(docstrings.with_notes(text)).splitlines()


def quoted(kind, raw, text, line, inliner, options=None, content=()):
    """Return what stands in single quotes: a link if it is a public name, else a literal."""
    name = text.removeprefix("bs.").removesuffix("()")
    head, _, rest = name.partition(".")
    known = name in known_names() or (head in known_names() and rest)
    if not known:
        return [nodes.literal(raw, text)], []
    role = XRefRole(innernodeclass=nodes.literal)
    return role("py:obj", raw, f"{text} <brainsim.{name}>", line, inliner, options or {}, content)


@functools.cache
def known_names():
    """Return the public names that have a page."""
    modules = (f"{module}.{name}" for module in reference_pages.MODULES for name in getattr(bs, module).__all__)
    return frozenset([*bs._PUBLIC, *modules])

"""Formulas of pages, in the language of LaTeX as on GitHub, become MathML: browsers draw it without script or fonts."""

from docutils import nodes
from latex2mathml.converter import convert


def setup(app):
    """Make this the way in which Sphinx writes formulas."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
    app.config.html_math_renderer = "mathml"


def inline(translator, node):
    """Write a formula within a line."""
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def block(translator, node):
    """Write a formula with lines of its own; one that is wider than the page can be scrolled."""
    text = node.astext().replace("{aligned}", "{align*}")  # the name that the converter knows
    translator.body.append(f'<div class="equations">{convert(text, display="block")}</div>\n')
    raise nodes.SkipNode

"""Formulas of pages, in the language of LaTeX as on GitHub, become MathML: browsers draw it without script."""

import re

from docutils import nodes
from latex2mathml.converter import convert

NAMES = "arctan|attention|cos|erfc|exp|ln|log|sigmoid|sign|sin|softmax|tanh|var"  # of functions, in upright letters
FUNCTION = re.compile(
    r"(?P<before></(?:mi|mn|mrow|mfrac|msub|msup|msqrt)>)?"
    rf"(?P<name><mi>(?:{NAMES})</mi>|<mtext>(?:{NAMES})</mtext>|<msub><mi>(?:{NAMES})</mi><mn>\d</mn></msub>)"
    r"(?P<after><mo stretchy=\"false\">&#x00028;|<mspace |</m)?"
)
THIN, APPLIED = '<mspace width="0.17em"/>', "<mo>&#x2061;</mo>"


def setup(app):
    """Make this the way in which Sphinx writes formulas."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
    app.config.html_math_renderer = "mathml"


def inline(translator, node):
    """Write a formula within a line."""
    translator.body.append(drawn(node.astext()))
    raise nodes.SkipNode


def block(translator, node):
    """Write a formula with lines of its own."""
    translator.body.append(block_of(node.astext()))
    raise nodes.SkipNode


def block_of(text):
    """Return a formula with lines of its own; what `qquad` divides stands side by side where there is room."""
    parts = [text] if r"\begin" in text else re.split(r"\\qquad", text)
    shown = "".join(drawn(part.replace("{aligned}", "{align*}"), display="block") for part in parts)  # the converter's name
    return f'<div class="equations formulas">{shown}</div>\n'


def drawn(text, display="inline"):
    """Return a formula as MathML, with thin spaces around the names of functions."""
    math = convert(text.strip(), display=display).replace("negativethinmathspace", "-0.17em")
    return FUNCTION.sub(spaced, math)


def spaced(found):
    """Return the name of a function with its space: none towards a parenthesis, or where a row begins or ends."""
    before, after = found["before"] or "", found["after"] or ""
    return f"{before}{THIN if before else ''}{found['name']}{APPLIED}{'' if after else THIN}{after}"

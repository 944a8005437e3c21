"""How models show themselves in a notebook: their equations, parameters and variables as tables."""

import inspect
import typing

import numpy as np

from brainsim.core.arrays import short_repr
from brainsim.features.html import parts as html
from brainsim.models.documentation import TEXTS, shown_texts

CHANGED = "font-weight:bold"


def html_of_model(model: typing.Any) -> str:
    """Return a model as HTML; values that differ from the defaults are bold."""
    kind = type(model).__name__
    summary = (inspect.getdoc(type(model)) or "").split("\n\n")[0].replace("``", "")
    lines, texts = [], shown_texts(model)
    for field in ("equations", *TEXTS):
        words = texts.get(field)
        if isinstance(words, str) and words.strip():
            block = html.text(inspect.cleandoc(words), 4000).replace("\n", "<br>")
            lines.append((field, f'<span style="font-family:monospace">{block}</span>'))
    equations = html.table(("", ""), lines) if lines else ""
    rows = [_row(model, name, spec) for name, spec in model.parameters.items()]
    header = ("parameter", "value", "unit", "meaning")
    parameters = html.table(header, rows) if rows else ""
    starts = [
        (html.text(name), html.text(short_repr(spec.default)), html.text(spec.unit or "1"), html.text(spec.meaning))
        for name, spec in model.initials.items()
    ]
    variables = html.table(("variable", "at t = 0", "unit", "meaning"), starts) if starts else ""
    return f"<div>{html.heading(kind, html.text(summary, 400))}{equations}{parameters}{variables}</div>"


def _row(model, name, spec):
    value = getattr(model, name)
    same = type(value) is type(spec.default) and not isinstance(value, np.ndarray) and bool(value == spec.default)
    shown = html.text(short_repr(value), 80)
    shown = shown if same else f'<span style="{CHANGED}">{shown}</span>'
    return html.text(name), shown, html.text(spec.unit or "1"), html.text(spec.meaning)

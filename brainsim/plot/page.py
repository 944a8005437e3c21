"""A self-contained page of HTML: the pictures are inside the file.

On a narrow screen a picture keeps a readable width and scrolls sideways.
"""

import io
from html import escape
from pathlib import Path

import matplotlib.pyplot as plt

from brainsim.features.html.parts import image

TEMPLATE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>body {{ font: 15px/1.5 sans-serif; color: #222; max-width: 1100px; margin: 2em auto; padding: 0 1em }}
h2 {{ font-size: 20px; margin: 0 0 0.6em }} pre {{ font-size: 13px; overflow-x: auto; background: #f6f6f6; padding: 1em }}
h1 {{ line-height: 1.2 }} figcaption {{ color: #444; max-width: 62em; margin-top: 0.4em }}
figure {{ margin: 2.6em 0; break-inside: avoid }} .picture {{ overflow-x: auto }}
img {{ display: block; width: 100%; min-width: 900px }} @media print {{ img {{ min-width: 0 }} }}
.hint {{ display: none; color: #777; font-size: 13px }} @media (max-width: 930px) {{ .hint {{ display: block }} }}
</style></head>
<body><h1>{title}</h1>{introduction}
{figures}
</body></html>
"""


def write_page(path, title, pictures, introduction=""):
    """Write a page and close its figures.

    `pictures` has the heading, which may be empty, the figure and the caption of each; `introduction` is HTML below the
    title.
    """
    figures = "\n".join(_figure(*picture) for picture in pictures)
    text = TEMPLATE.format(title=escape(title), introduction=introduction, figures=figures)
    Path(path).write_text(text, encoding="utf-8")


def _figure(heading, figure, caption):
    """Return a figure as an element with its image inside, and close it."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=130)
    plt.close(figure)
    title = f"<h2>{escape(heading)}</h2>" if heading else ""
    shown = image(picture.getvalue(), heading or caption)
    return (
        f'<figure>{title}<div class="picture">{shown}</div><div class="hint">The picture is wider than the screen: '
        f"scroll sideways.</div><figcaption>{escape(caption)}</figcaption></figure>"
    )

"""A kit for teachers: for each lesson of the course a slide and a sheet with its exercises, without the solutions.

    python docs/kit.py FOLDER    # writes 01.png, 01.html, 02.png, ...; needs pip install '.[docs]'

A slide is a picture of 1920 x 1080 pixels: title and question of the lesson, and the picture that compares both sides. A
sheet is a page to be printed from a browser.
"""

import re
import sys
import textwrap
from pathlib import Path

COURSE = Path(__file__).parent / "course"
# the picture of each lesson that compares brain and machine
SHOWN = {1: 2, 2: 1, 3: 3, 4: 4, 5: 2, 6: 1, 7: 1, 8: 2, 9: 2, 10: 3, 11: 2, 12: 1}
EXERCISE = re.compile(r"^(\*\*Exercise \d+\.\*\*.*?)(?=^<details>|\Z)", re.M | re.S)
PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 12pt/1.5 system-ui, sans-serif; max-width: 42em; margin: 2em auto; }}
.answer {{ height: 9em; border-bottom: 1px solid #aaa; }}
</style></head><body><h1>{title}</h1><p>Name: ____________________</p>{body}</body></html>
"""


def lessons():
    """Return the paths of the lessons by their numbers."""
    return dict(sorted((int(path.name.split("-")[0]), path) for path in COURSE.glob("*.md")))


def title(text):
    """Return the title of a lesson."""
    return text.partition("\n")[0].removeprefix("# ")


def exercises(text):
    """Return the exercises of a lesson, in Markdown and without their solutions."""
    part = text.partition("\n## Exercises\n")[2].partition("\n## ")[0]
    return [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", found).strip() for found in EXERCISE.findall(part)]


def sheet(text):
    """Return the sheet of a lesson as a page of HTML with formulas in MathML."""
    from latex2mathml.converter import convert
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    reader = MarkdownIt().use(dollarmath_plugin, renderer=lambda formula, options: convert(formula))
    body = "".join(f'{reader.render(exercise)}<div class="answer"></div>' for exercise in exercises(text))
    return PAGE.format(title=title(text), body=body)


def slide(number, path):
    """Return the slide of a lesson as a figure."""
    import matplotlib.pyplot as plt

    text = path.read_text(encoding="utf-8")
    question = " ".join(text.split("\n\n")[1].replace("*", "").split())
    picture = COURSE.parent / "images" / "course" / f"{path.stem.partition('-')[2]}-{SHOWN[number]}.png"
    figure = plt.figure(figsize=(19.2, 10.8), dpi=100)
    figure.text(0.04, 0.95, title(text), fontsize=34, va="top")
    figure.text(0.04, 0.87, textwrap.fill(question, 120), fontsize=18, va="top", color="#444444", linespacing=1.4)
    ax = figure.add_axes((0.04, 0.03, 0.92, 0.68))
    ax.imshow(plt.imread(picture), interpolation="lanczos")
    ax.axis("off")
    return figure


def write(folder):
    """Write slides and sheets of all lessons."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    for number, path in lessons().items():
        figure = slide(number, path)
        figure.savefig(folder / f"{number:02}.png")
        plt.close(figure)
        (folder / f"{number:02}.html").write_text(sheet(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))

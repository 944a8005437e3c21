"""A kit for teachers: for each lesson of the course slides, a sheet with its exercises, and one with the solutions.

    python docs/kit.py FOLDER    # 01.png, 01-slides.html, 01.html, 01-solutions.html, ...; needs pip install '.[docs]'

A slide is a picture of 1920 x 1080 pixels: title and question of the lesson, the picture that compares both sides, what it
shows, and what to keep in mind. The slides are one page, which any editor changes: the question, each prediction with its
answers to vote on, each picture, and what to keep in mind; a browser shows one after the other (Page Down). A sheet is a
page to be printed from a browser. It has the formulas of the lesson, so that it can be used without it; exercises marked
"computer" need the notebook of the lesson.
"""

import base64
import html
import re
import sys
import textwrap
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from questions import questions  # noqa: E402

COURSE = Path(__file__).parent / "course"
# the picture of each lesson that compares brain and machine, and what to keep in mind
SHOWN = {
    1: (2, "Both are silent below a threshold and grow above it: a ReLU is a model of a firing rate."),
    2: (1, "A number is there at once and always the same; spikes say it by how many, when, or which."),
    3: (3, "Both are largest at the same lag; the cell's curve is broader and never falls below a half."),
    4: (3, "In a balanced network one spike more changes all others soon; averages stay the same."),
    5: (2, "Backpropagation tells each weight its share of the error; random feedback does nearly as well here."),
    6: (1, "A local rule finds the direction in which inputs vary most, without a teacher and without storing them."),
    7: (1, "A spike has no derivative; surrogates, spike times and e-prop are three ways around it."),
    8: (2, "A loop keeps a cue after it has gone: activity itself is a memory, in spikes and in recurrent units."),
    9: (2, "Extinction is a second memory, which hides the first only in its own context."),
    10: (3, "One wave of spikes finds the distances that value iteration computes step by step."),
    11: (1, "A receptive field and a convolution are the same sum; spikes count what a ReLU passes on."),
    12: (1, "Both networks learn what comes next; with this little text, counting three letters is better than both."),
}
EXERCISE = re.compile(r"^(\*\*Exercise \d+[^*]*\*\*.*?)(?=^<details>|\Z)", re.M | re.S)
SOLUTION = re.compile(r"^<summary>Solution</summary>\n(.*?)^</details>", re.M | re.S)
FORMULA = re.compile(r"^\$\$.*?\$\$$", re.M | re.S)
PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 12pt/1.5 system-ui, sans-serif; max-width: 42em; margin: 2em auto; }}
.answer {{ height: 9em; border-bottom: 1px solid #aaa; }}
.formulas {{ background: #f4f4f4; padding: 0.2em 1em; font-size: 90%; }}
pre {{ white-space: pre-wrap; font-size: 85%; }}
</style></head><body><h1>{title}</h1>{body}</body></html>
"""
DECK = """<!doctype html><html><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 2.6vw/1.4 system-ui, sans-serif; margin: 0; }}
section {{ box-sizing: border-box; height: 100vh; padding: 4vh 5vw; page-break-after: always; scroll-snap-align: start; }}
html {{ scroll-snap-type: y mandatory; }}
img {{ max-width: 100%; max-height: 72vh; display: block; margin: 2vh auto; }}
p.caption {{ font-size: 1.5vw; color: #444; }}
</style></head><body>
{slides}
</body></html>
"""
SHOWN_PICTURE = re.compile(r"^!\[([^\]]*)\]\((\S+/images/course/\S+)\)$", re.M)


def lessons():
    """Return the paths of the lessons by their numbers."""
    return dict(sorted((int(path.name.split("-")[0]), path) for path in COURSE.glob("[0-9]*.md")))


def title(text):
    """Return the title of a lesson."""
    return text.partition("\n")[0].removeprefix("# ")


def exercises(text):
    """Return the exercises of a lesson, in Markdown and without their solutions."""
    part = text.partition("\n## Exercises\n")[2].partition("\n## ")[0]
    return [without_links(found) for found in EXERCISE.findall(part)]


def solutions(text):
    """Return the solutions of a lesson, in Markdown, in the order of the exercises."""
    return [without_links(found) for found in SOLUTION.findall(text.partition("\n## Exercises\n")[2])]


def formulas(text):
    """Return the formulas of a lesson, in Markdown, each with the paragraph that explains its letters."""
    parts = text.partition("\n## Exercises\n")[0].split("\n\n")
    return [without_links(f"{parts[k - 1]}\n\n{part}") for k, part in enumerate(parts) if FORMULA.fullmatch(part)]


def without_links(text):
    """Return Markdown with the words of its links only."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).strip()


def reader_of_markdown():
    """Return what makes HTML of Markdown, with formulas in MathML."""
    from latex2mathml.converter import convert
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    return MarkdownIt().use(dollarmath_plugin, renderer=lambda formula, options: convert(formula))


def sheet(text, solved=False):
    """Return the sheet of a lesson, or the one with its solutions, as a page of HTML with formulas in MathML."""
    reader = reader_of_markdown()
    if solved:
        pairs = zip(exercises(text), solutions(text), strict=True)
        body = "".join(f"{reader.render(exercise)}{reader.render(solution)}<hr>" for exercise, solution in pairs)
        return PAGE.format(title=f"{title(text)}: solutions", body=body)
    given = "".join(reader.render(formula) for formula in formulas(text))
    body = "<p>Name: ____________________</p><p>Exercises marked <b>computer</b> begin in the notebook of the lesson.</p>"
    body += f'<div class="formulas"><h2>Formulas of the lesson</h2>{given}</div>' if given else ""
    body += "".join(f'{reader.render(exercise)}<div class="answer"></div>' for exercise in exercises(text))
    return PAGE.format(title=title(text), body=body)


def slide(number, path):
    """Return the slide of a lesson as a figure."""
    import matplotlib.pyplot as plt

    text = path.read_text(encoding="utf-8")
    question = " ".join(without_links(text.split("\n\n")[1]).replace("*", "").split())
    shown, takeaway = SHOWN[number]
    name = f"{path.stem.partition('-')[2]}-{shown}.png"
    picture = COURSE.parent / "images" / "course" / name
    caption = re.search(rf"!\[([^\]]*)\]\([^)]*{re.escape(name)}\)", text)[1]
    figure = plt.figure(figsize=(19.2, 10.8), dpi=100)
    figure.text(0.04, 0.95, title(text), fontsize=34, va="top")
    figure.text(0.04, 0.87, textwrap.fill(question, 120), fontsize=18, va="top", color="#444444", linespacing=1.4)
    figure.text(0.04, 0.13, textwrap.fill(caption, 140), fontsize=15, va="top", color="#444444", linespacing=1.3)
    figure.text(0.04, 0.03, takeaway, fontsize=22, va="bottom")
    ax = figure.add_axes((0.04, 0.15, 0.92, 0.60))
    ax.imshow(plt.imread(picture), interpolation="lanczos")
    ax.axis("off")
    return figure


def deck(number, path):
    """Return the slides of a lesson as one page: a section for each, with its picture inside."""
    text, drawn = path.read_text(encoding="utf-8"), reader_of_markdown().render
    parts = [f"<h1>{html.escape(title(text))}</h1>{drawn(without_links(text.split(chr(10) * 2)[1]))}"]
    for asked in questions(text):
        if asked.kind == "Predict":
            answers = "".join(f"<li>{drawn(without_links(answer))}</li>" for answer in asked.options.values())
            parts.append(f"<h2>Predict</h2>{drawn(without_links(asked.text))}<ol type='a'>{answers}</ol>")
    for caption, target in SHOWN_PICTURE.findall(text):
        picture = (path.parent / target).resolve()
        kind = {".png": "png", ".svg": "svg+xml"}[picture.suffix]
        data = base64.b64encode(picture.read_bytes()).decode()
        parts.append(f'<img alt="" src="data:image/{kind};base64,{data}"><p class="caption">{html.escape(caption)}</p>')
    parts.append(f"<h2>To keep in mind</h2><p>{html.escape(SHOWN[number][1])}</p>")
    return DECK.format(title=html.escape(title(text)), slides="\n".join(f"<section>{part}</section>" for part in parts))


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
        text = path.read_text(encoding="utf-8")
        (folder / f"{number:02}-slides.html").write_text(deck(number, path), encoding="utf-8")
        (folder / f"{number:02}.html").write_text(sheet(text), encoding="utf-8")
        (folder / f"{number:02}-solutions.html").write_text(sheet(text, solved=True), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))

"""Pages with Python as notebooks and as scripts, which the site offers for download: the same text and the same code.

    python docs/notebooks.py docs/course/1-two-kinds-of-units.md    # writes 1-two-kinds-of-units.ipynb and .py here

Pictures and printed text are left out, because the code makes them; links keep their words. Answers to questions stay
folded, and solutions stand at the end.
"""

import json
import re
import sys
from pathlib import Path

BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n.*?^```\n)?|^```\{.*?^```\n", re.M | re.S)
PICTURE = re.compile(r"^!\[[^\]]*\]\([^)]*\)\n", re.M)
LINK = re.compile(r"\[([^\]]*)\]\((?![a-z]+:)[^)]*\)")  # to another page, which a notebook does not have next to it
FOLDED_CODE = re.compile(r"<details>\n<summary>Code of [^<]*</summary>\n\n(```python\n.*?^```\n)\n</details>\n", re.M | re.S)
SOLUTION = re.compile(r"<details>\n<summary>Solution</summary>\n(.*?)</details>\n?", re.S)
NEEDS = "This page needs brainsim: `pip install .` in its folder, or `%pip install` with its path or address in a cell."


def cells(text):
    """Return the parts of a page in their order: pairs of a kind, ``"code"`` or ``"markdown"``, and a text."""
    text, parts, end = solutions_last(FOLDED_CODE.sub(r"\1", text)), [], 0
    for found in BLOCK.finditer(text):
        parts += [("markdown", text[end : found.start()]), ("code", found[1] or "")]
        end = found.end()
    parts.append(("markdown", text[end:]))
    parts = [(kind, part if kind == "code" else words(part)) for kind, part in parts]
    return [(kind, part.strip("\n")) for kind, part in parts if part.strip()]


def words(text):
    """Return text between blocks without what needs the site around it."""
    return re.sub(r"\n{3,}", "\n\n", LINK.sub(r"\1", PICTURE.sub("", text)))


def solutions_last(text):
    """Return a page whose solutions stand at its end, numbered as its exercises."""
    solutions = [found[1].strip("\n") for found in SOLUTION.finditer(text)]
    if not solutions:
        return text
    last = "".join(f"\n**Solution {number}.**\n\n{solution}\n" for number, solution in enumerate(solutions, 1))
    return f"{SOLUTION.sub('', text)}\n## Solutions\n{last}"


def notebook(text):
    """Return the notebook of a page as text: JSON in the form of Jupyter."""
    parts = cells(text)
    parts.insert(1, ("markdown", NEEDS))
    made = []
    for number, (kind, part) in enumerate(parts):
        cell = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": part.splitlines(keepends=True)}
        made.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))
    about = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps({"cells": made, "metadata": about, "nbformat": 4, "nbformat_minor": 5}, indent=1, ensure_ascii=False)


def script(text):
    """Return the script of a page: its text as comments, in cells that editors know, and windows with its pictures."""
    parts = [
        f"# %%\n{part}"
        if kind == "code"
        else "\n".join(["# %% [markdown]", *(f"# {line}".rstrip() for line in part.splitlines())])
        for kind, part in cells(text)
    ]
    drawn = "import matplotlib.pyplot as plt" in text
    return "\n\n".join([*parts, "plt.show()"] if drawn else parts) + "\n"


def write(text, stem, folder):
    """Write both files of a page."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.ipynb").write_text(notebook(text), encoding="utf-8")
    (folder / f"{stem}.py").write_text(script(text), encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write(Path(name).read_text(encoding="utf-8"), Path(name).stem, Path())

"""Run the scripts of docs/gallery/classics and write what they find into the table of docs/classics.md.

    python docs/classics.py             # all of them: a few minutes
    python docs/classics.py velocity    # those with this in their name; the other rows stay

Each script declares claim, margin and confidence before anything runs, and prints ``measured: ...`` and ``verdict: ...``.
"""

import ast
import contextlib
import io
import re
import runpy
import sys
from pathlib import Path

DOCS = Path(__file__).parent
PAGE = DOCS / "classics.md"
VERDICTS = ("reproduced", "not reproduced", "the text is ambiguous")
ROW = re.compile(r"^\| \[([^\]]+)\]\(gallery/classics/plot_(\w+)\.py\) \| (.*?) \| (.*?) \| (.*?) \|$", re.M)
HEAD = "| paper and script | claim | measured | verdict |\n|---|---|---|---|\n"
COUNT = re.compile(r"^\*\*\d+ results: .*\*\*$", re.M)


def scripts():
    """Return the paths of the scripts by their names."""
    return {path.stem.removeprefix("plot_"): path for path in sorted((DOCS / "gallery" / "classics").glob("plot_*.py"))}


def declared(path):
    """Return SOURCE and CLAIM of a script, as it stands."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("SOURCE", "CLAIM"):
            found[ast.unparse(node.targets[0])] = ast.literal_eval(node.value)
    return found["SOURCE"], found["CLAIM"]


def said(page=PAGE):
    """Return what the page says: name -> (paper, claim, measured, verdict)."""
    return {row[2]: (row[1], *row.group(3, 4, 5)) for row in ROW.finditer(page.read_text(encoding="utf-8"))}


def read(text):
    """Return what a script has measured, and its verdict, from what it printed."""
    *_, measured, verdict = text.strip().splitlines()
    if not measured.startswith("measured: ") or verdict.removeprefix("verdict: ") not in VERDICTS:
        raise ValueError(
            f"a classic must end by printing 'measured: ...' and 'verdict: ...' (got {measured!r}, {verdict!r})"
        )
    return measured.removeprefix("measured: "), verdict.removeprefix("verdict: ")


def row(name, path, measured, verdict):
    """Return the row of a script."""
    source, claim = declared(path)
    paper = source.split(", doi:")[0].split(";")[0]
    return f"| [{paper}](gallery/classics/plot_{name}.py) | {claim} | {measured} | {verdict} |"


def write(found):
    """Write the table, with these results and those that it had of the other scripts."""
    text, old = PAGE.read_text(encoding="utf-8"), {name: values[2:] for name, values in said().items()}
    known = {name: found.get(name, old.get(name)) for name in scripts()}
    rows = [row(name, path, *known[name]) for name, path in scripts().items() if known[name]]
    start = text.index(HEAD)
    stop = text.find("\n\n", start)
    text = text[:start] + HEAD + "\n".join(rows) + text[stop:]
    counts = [f"{sum(values[1] == verdict for values in known.values() if values)} {verdict}" for verdict in VERDICTS]
    PAGE.write_text(COUNT.sub(f"**{len(rows)} results: {', '.join(counts)}.**", text), encoding="utf-8")


def main(parts):
    """Run scripts, and write and print a row for each."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    for name, path in scripts().items():
        if parts and not any(part in name for part in parts):
            continue
        with contextlib.redirect_stdout(io.StringIO()) as out:
            runpy.run_path(str(path), run_name="__main__")
        plt.close("all")
        write({name: read(out.getvalue())})
        print(name, "->", *said()[name][2:], flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

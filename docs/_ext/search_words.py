"""Words that people search for and that pages do not have, or not in front, become entries of the index of their page."""

import functools
from pathlib import Path

TABLE = Path(__file__).parents[1] / "search.txt"


def read(app, page, content):
    """Put the entries of a page below its title; the index of the search has them, and nothing is shown."""
    words = table().get(page)
    if words:
        title, _, rest = content[0].partition("\n")
        entries = "\n".join(f"```{{index}} ! single: {word}\n```" for word in words)
        content[0] = f"{title}\n\n{entries}\n{rest}"


@functools.cache
def table():
    """Return the words of each page: page -> words."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return {page: words.strip().split(", ") for page, words in (line.split(":", 1) for line in lines)}

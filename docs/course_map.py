"""The map of the course: which lesson needs which, drawn from what each says below its title.

python docs/course_map.py    # writes docs/images/course/map.svg
"""

import itertools
import re
import textwrap
from html import escape
from pathlib import Path

DOCS = Path(__file__).parent
MAP = DOCS / "images" / "course" / "map.svg"
NEEDS = re.compile(r"\*\*Needs:\*\*(.*?)\n\n", re.S)
WIDE, HIGH, ACROSS, DOWN = 150, 52, 190, 74  # of a box, and from one to the next


def lessons():
    """Return for each lesson its title and the lessons that it needs: number -> (title, numbers)."""
    found = {}
    for path in (DOCS / "course").glob("[0-9]*.md"):
        text = path.read_text(encoding="utf-8")
        title = re.match(r"# Lesson \d+: (.*)", text)[1]
        needs = {int(number) for number in re.findall(r"\((\d+)-[\w-]+\.md\)", NEEDS.search(text)[1])}
        found[int(path.stem.split("-")[0])] = title, needs
    return dict(sorted(found.items()))


def steps(found):
    """Return how many lessons at least come before each one, in a row."""
    before = {}
    for number, (_, needs) in found.items():  # a lesson needs earlier ones only
        before[number] = max((before[other] + 1 for other in needs), default=0)
    return before


def direct(found):
    """Return the pairs of lessons that need each other, without those that follow from others."""
    behind = {}
    for number, (_, needs) in found.items():
        behind[number] = needs.union(*(behind[other] for other in needs))
    return [
        (other, number)
        for number, (_, needs) in found.items()
        for other in sorted(needs)
        if not any(other in behind[third] for third in needs)
    ]


def places(found):
    """Return the corner of each box, and of the gap that is left for an arrow in a column that it passes: [px]."""
    column = steps(found)
    columns = {}
    for number in found:
        columns.setdefault(column[number], []).append(number)
        for one, other in direct(found):
            if one == number:
                for passed in range(column[one] + 1, column[other]):
                    columns.setdefault(passed, []).append((one, other, passed))
    most = max(map(len, columns.values()))
    return {
        thing: (10 + c * ACROSS, 10 + (row + (most - len(things)) / 2) * DOWN)
        for c, things in columns.items()
        for row, thing in enumerate(things)
    }


def drawn(found):
    """Return the map as SVG."""
    at = places(found)
    width, height = max(x for x, _ in at.values()) + WIDE + 10, max(y for _, y in at.values()) + HIGH + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:g}" width="{width}" height="{height:g}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        "<title>Which lesson needs which</title>",
        f'<rect width="{width}" height="{height:g}" fill="#fff"/>',
    ]
    for one, other in direct(found):
        gaps = sorted(corner for key, corner in at.items() if isinstance(key, tuple) and key[:2] == (one, other))
        curve = ""
        for (x, y), (u, v) in itertools.pairwise([at[one], *gaps, at[other]]):
            x, y, v = x + WIDE, y + HIGH / 2, v + HIGH / 2
            curve += f"{'L' if curve else 'M'}{x:g} {y:g} C{x + 30:g} {y:g} {u - 30:g} {v:g} {u - 5:g} {v:g} "
        parts.append(f'<path d="{curve}" fill="none" stroke="#8a8a8a" stroke-width="1.5"/>')
        parts.append(f'<path d="M{u - 8:g} {v - 4:g} L{u:g} {v:g} L{u - 8:g} {v + 4:g}" fill="#8a8a8a"/>')
    for number in found:
        x, y = at[number]
        parts.append(f'<rect x="{x:g}" y="{y:g}" width="{WIDE}" height="{HIGH}" rx="6" fill="#eef3fa" stroke="#1a5ca6"/>')
        lines = textwrap.wrap(f"{number} {found[number][0]}", 19)
        for k, line in enumerate(lines):
            low = y + HIGH / 2 + 5 + 16 * (k - (len(lines) - 1) / 2)
            parts.append(f'<text x="{x + WIDE / 2:g}" y="{low:g}" text-anchor="middle" fill="#222">{escape(line)}</text>')
    return "\n".join([*parts, "</svg>\n"])


if __name__ == "__main__":
    MAP.write_text(drawn(lessons()), encoding="utf-8")

"""Questions of the lessons: predictions before results, and three questions at the end, in Markdown as GitHub shows it.

    **Predict.** What happens if ...?

    - (a) This.
    - (b) That.

    <details>
    <summary>Answer</summary>

    **(b)** Why it is right.

    - (a) *Who says so thinks that ...* Why it is wrong.

    </details>

At the end of a lesson it is **Question 1.** instead of **Predict.** The site lets the reader mark an answer first
(`_ext/marking.py`); without JavaScript, on GitHub and in notebooks the answer is folded.
"""

import re
from typing import NamedTuple

OPTION = r"- \([a-d]\) .*\n(?:  .*\n)*"
QUESTION = re.compile(
    rf"^\*\*(?P<kind>Predict|Question \d)\.\*\* (?P<text>(?:.+\n)+)\n(?P<options>(?:{OPTION})+)\n"
    r"<details>\n<summary>Answer</summary>\n\n\*\*\((?P<right>[a-d])\)\*\* (?P<why>(?:.+\n)+)\n"
    rf"(?P<others>(?:{OPTION})+)\n</details>\n",
    re.M,
)
BEGIN = re.compile(r"^\*\*(?:Predict|Question \d)\.\*\*", re.M)  # of whatever should be one


class Question(NamedTuple):
    """A question with its answers by their letters, the letter of the right one, and why each is right or wrong."""

    kind: str
    text: str
    options: dict[str, str]
    right: str
    why: dict[str, str]


def questions(text):
    """Return the questions of a page in their order."""
    return [
        Question(
            found["kind"],
            one_line(found["text"]),
            by_letter(found["options"]),
            found["right"],
            {found["right"]: one_line(found["why"]), **by_letter(found["others"])},
        )
        for found in QUESTION.finditer(text)
    ]


def by_letter(text):
    """Return a list of answers, letter -> text."""
    return {part[1]: one_line(part[4:]) for part in re.split(r"^- ", text, flags=re.M)[1:]}


def one_line(text):
    """Return a text without its breaks of lines."""
    return " ".join(text.split())

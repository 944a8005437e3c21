"""Questions of lessons get a frame in which the script of the site, questions.js, lets the reader mark an answer first."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from questions import QUESTION  # noqa: E402


def read(app, page, content):
    """Put a frame around each question of a page; it says which answer is right, and whether it hides what comes next."""
    content[0] = QUESTION.sub(framed, content[0])


def framed(found):
    """Return a question in its frame; Markdown inside of it is read as before, because of the empty lines."""
    kind = "predict" if found["kind"] == "Predict" else "check"
    return f'<div class="question {kind}" data-right="{found["right"]}">\n\n{found[0]}\n</div>\n'

"""The command ``brainsim verify``: what the engine gives is compared with what was obtained in other ways."""

import os
import sys

from brainsim.commands.running import OVERWRITE
from brainsim.core.doors import load_or_name
from brainsim.core.files import check_free, writable

DIFFERS = 1  # exit code


def verify_installation(arguments):
    """Print the report, and save it; return 1 if something differs."""
    if arguments.report:
        check_free(writable(arguments.report, "--report"), "--report", arguments.overwrite, OVERWRITE)
    verify = load_or_name("brainsim.testing.verification:verify", "brainsim verify", "verify")
    report = verify(arguments.seed, arguments.minutes, min(2, os.cpu_count() or 1), _say)
    text = report.text()
    print(text, end="")
    if arguments.report:
        arguments.report.write_text(text, encoding="utf-8")
    return DIFFERS if report.failed else 0


def _say(text):
    """Show on a terminal what is being compared."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text} ...\r", end="", file=sys.stderr, flush=True)

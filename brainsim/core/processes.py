"""Other processes of Python, which run no code that this one would not run.

With ``-c`` and ``-m`` Python first looks for modules in the current folder, which may hold whatever was downloaded, and a
new process does not know the options of this one, such as ``-I`` and ``-E``.
"""

import subprocess
import sys


def python_command(code: str) -> list[str]:
    """Return the command of a process that runs some code with the options and the `sys.path` of this one.

    Nothing is imported before the path is set: `sys` is part of the interpreter.
    """
    options = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # as multiprocessing does
    if sys.pycache_prefix:
        options += ["-X", f"pycache_prefix={sys.pycache_prefix}"]
    path = [each for each in sys.path if isinstance(each, str)]
    return [sys.executable, *options, "-P", "-c", f"import sys; sys.path[:] = {ascii(path)}; {code}"]


def python_variables() -> dict[str, str]:
    """Return variables of the environment with the same effect, for processes whose command another package writes."""
    names = {"PYTHONSAFEPATH": "1"}
    if sys.flags.no_user_site:
        names["PYTHONNOUSERSITE"] = "1"
    if sys.flags.ignore_environment:
        names |= {"PYTHONPATH": "", "PYTHONHOME": ""}  # an empty one counts as none
    return names

"""Kernels compiled from texts, and where their code came from."""

import hashlib
import os
import subprocess
import sys

import pytest

from brainsim.jit.decorators import load_source

TEXT = "from brainsim.jit.decorators import kernel\n\n\n@kernel\ndef value(x):\n    return 3*x + {}\n"
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows guards files by their place, not by owner and mode")


def fresh(text):
    """Load a text as a new process would: nothing of it is in memory."""
    sys.modules.pop("kernel_" + hashlib.sha256(text.encode()).hexdigest()[:32], None)
    return load_source(text)


def came_from_cache(text, x=2.0):
    """Return whether the kernel came from the cache; its value is right in any case."""
    value = fresh(text).value
    assert value(x) == 3 * x + int(text.rsplit(" ", 1)[1])
    return value.compiled == 0


def the_file(folder):
    (path,) = folder.iterdir()
    return path


def python(script, **environment):
    """Run a script in a new process; return what it printed, and its warnings."""
    given = {name: text for name, text in (os.environ | environment).items() if text is not None}
    done = subprocess.run([sys.executable, "-c", script], env=given, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr

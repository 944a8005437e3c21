"""A script of Brian2, run by Brian2 and here."""

import numpy as np
import pytest


@pytest.fixture
def both():
    """Return a function that runs a function of Brian2's names twice, and returns what it returns: by Brian2, and here.

    What it returns is a dict of arrays, in the units of SI.
    """
    brian2 = pytest.importorskip("brian2", reason="needs Brian2: pip install 'brian2>=2.9,<2.12' 'numpy<2.4'")
    import brainsim.brian2  # noqa: F401 - registers the device

    brian2.prefs.codegen.target = "numpy"
    brian2.BrianLogger.suppress_name("method_choice")

    def run(script, **options):
        found = []
        for device in ("runtime", "brainsim"):
            brian2.start_scope()
            brian2.set_device(device, **(options if device == "brainsim" else {}))
            brian2.defaultclock.dt = 0.1 * brian2.ms
            brian2.seed(1)
            found.append({name: np.array(value) for name, value in script(brian2).items()})
        return found

    yield run
    brian2.set_device("runtime")
    brian2.prefs.codegen.target = "auto"


@pytest.fixture
def same(both):
    """Return a function that runs a script twice: spikes and all else must be equal, traces to 1e-9 of their range."""

    def run(script, **options):
        theirs, ours = both(script, otherwise="refuse", **options)
        assert theirs.keys() == ours.keys()
        for name, wanted in theirs.items():
            assert ours[name].shape == wanted.shape, name
            reach = np.ptp(wanted) if wanted.size and wanted.dtype.kind == "f" else 0.0
            np.testing.assert_allclose(ours[name], wanted, rtol=0, atol=1e-9 * reach + 1e-300, err_msg=name)
        return ours

    return run

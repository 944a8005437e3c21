"""Settings of matplotlib."""

import matplotlib
import matplotlib.pyplot as plt
import pytest


@pytest.fixture
def settings():
    """Draw without a screen; afterwards the settings must be what they were."""
    plt.switch_backend("Agg")
    before = dict(matplotlib.rcParams)
    yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == before

"""The simulator that PyNN sees."""

import warnings

import pytest


@pytest.fixture
def sim():
    """The simulator of PyNN, with an empty network and a time step of 0.1 ms."""
    pytest.importorskip("pyNN", reason="needs PyNN: pip install 'pynn>=0.13,<0.14'")
    import brainsim.pynn as simulator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of PyNN, about its own older names
        simulator.setup(timestep=0.1)
        yield simulator
        simulator.setup()

"""What results consist of, as in the tests of results."""

from tests.results.conftest import spikes, traces, weights

__all__ = ["spikes", "traces", "weights"]

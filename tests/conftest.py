"""What tests share: as many partitions as a run asks for, also where there are fewer processors; axes to draw on."""

import matplotlib.pyplot as plt
import pytest

from brainsim.engine import arguments


@pytest.fixture(scope="session", autouse=True)
def most_partitions():
    """Lift the limit of one partition for each processor, or no test would see three on two; the limit is what it gives."""
    original = arguments.most_partitions
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arguments, "most_partitions", lambda: arguments.MOST_THREADS)
        yield original


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)

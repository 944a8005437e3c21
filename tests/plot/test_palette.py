"""The palette on white, in grey print and with colour blindness; one colour per population in all pictures."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

import brainsim as bs
from brainsim import plot
from brainsim.plot.elements.styles import PALETTE
from tests.helpers.pictures import made

TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
WHITE = np.array([0.95047, 1.0, 1.08883])  # D65
# Machado, Oliveira and Fernandes (2009), doi:10.1109/TVCG.2009.113, severity 1.0, on linear RGB
BLINDNESS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    "none": np.eye(3),
}


def linear(colours):
    """Return linear RGB of colours, shape (n, 3)."""
    rgb = np.array([to_rgb(colour) for colour in colours])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """Return CIELAB of linear RGB."""
    xyz = np.clip(rgb, 0.0, 1.0) @ TO_XYZ.T / WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def least_distance(colours, kind):
    """Return the smallest distance in CIELAB between two of the colours, as seen with a colour blindness."""
    seen = lab(linear(colours) @ np.transpose(BLINDNESS[kind]))
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
    return apart[np.triu_indices(len(colours), 1)].min()


def test_the_measure_knows_what_cannot_be_told_apart():
    """Red and green are far apart, but for the colour blind; white is the lightest."""
    pair = ["#a06000", "#5f8500"]
    assert least_distance(pair, "none") > 40.0
    assert least_distance(pair, "deuteranopia") < 12.0
    assert lab(linear(["#ffffff", "#000000"]))[:, 0] == pytest.approx([100.0, 0.0], abs=0.01)


@pytest.mark.parametrize(("kind", "all_of_them", "first_four"), [
    ("none", 25.0, 25.0), ("protanopia", 15.0, 19.0), ("deuteranopia", 15.0, 19.0), ("tritanopia", 15.0, 19.0),
])  # fmt: skip
def test_colours_are_told_apart(kind, all_of_them, first_four):
    assert least_distance(PALETTE, kind) > all_of_them - 0.1
    assert least_distance(PALETTE[:4], kind) > first_four - 0.1


def test_contrast_on_white():
    """3 to 1 is what WCAG 2.1 asks of parts of a picture."""
    luminance = linear(PALETTE) @ TO_XYZ[1]
    assert np.all(1.05 / (luminance + 0.05) >= 3.0)


def test_neighbours_differ_in_grey():
    lightness = lab(linear(PALETTE))[:, 0]
    assert np.abs(np.diff(lightness)).min() > 6.0
    assert abs(lightness[0] - lightness[1]) > 12.0


class TestOneColour:
    """A population has the same colour in every picture."""

    def test_alone_and_beside_others(self):
        result = made()
        for name, colour in zip("ab", PALETTE, strict=False):
            alone = plot.rate(result.spikes[name], ax=plt.figure().gca()).lines[0].get_color()
            assert alone == colour
            assert (
                plot.raster(result.spikes[name].between(10.0, 50.0).of(slice(5)), ax=plt.figure().gca()).lines[0].get_color()
                == colour
            )

    def test_of_views(self):
        result = made(views={"a": [("exc", 0, 40), ("inh", 40, 60)]})
        assert plot.rate(result.spikes["inh"]).lines[0].get_color() == PALETTE[1]
        plt.figure()
        assert plot.rate(result.spikes["b"]).lines[0].get_color() == PALETTE[2]

    def test_of_a_view_of_a_view(self):
        cells = bs.Population(60, bs.LIF(), name="a")
        result = made(views={"a": [("exc", 0, 40), ("inh", 40, 60)]})
        assert plot.rate(result.spikes[cells[45:50]]).lines[0].get_color() == PALETTE[1]

    def test_in_the_order_given_if_two_would_be_alike(self):
        """The same population in two runs: their colours tell the runs apart."""
        ax = plot.rate([made().spikes["b"], made().spikes["b"]])
        assert [line.get_color() for line in ax.lines] == list(PALETTE[:2])

    def test_of_traces(self):
        """Cells have shades of the colour of their population."""
        result = made(views={"a": [("first", 0, 5), ("second", 5, 60)]})
        lines = [line for line in plot.trace(result, ("a", "v")).lines if line.get_label().startswith("cell")]
        assert [lines[0].get_color(), lines[2].get_color()] == list(PALETTE[:2])

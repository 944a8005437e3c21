"""Neurons with a morphology have the potentials of Brian2, and lose no charge."""

import numpy as np
import pytest

pytestmark = pytest.mark.thorough


def branched(b, root):
    """Return a morphology of four sections, of which one continues another."""
    root.left = b.Cylinder(length=90 * b.um, diameter=1 * b.um, n=6)
    root.right = b.Cylinder(length=60 * b.um, diameter=2 * b.um, n=4)
    root.right.far = b.Cylinder(length=50 * b.um, diameter=0.7 * b.um, n=5)
    return root


def test_compartments_and_spikes(same):
    def script(b):
        membrane = """
            Im = g*(0*mV - v) + 20*g*m**3*(90*mV - v) : amp/meter**2
            dm/dt = (1/(1 + exp((20*mV - v)/(5*mV))) - m)/(0.5*ms) : 1
            Is = s*(60*mV - v) : amp (point current)
            ds/dt = -s/(3*ms) : siemens
            g : siemens/meter**2 (constant)
        """
        tree = branched(b, b.Cylinder(length=30 * b.um, diameter=5 * b.um, n=3))
        rules = {"threshold": "m > 0.5", "refractory": "m > 0.4", "reset": "s += 1*nS", "method": "exponential_euler"}
        neuron = b.SpatialNeuron(tree, membrane, Cm=1 * b.uF / b.cm**2, Ri=120 * b.ohm * b.cm, **rules)
        neuron.g, neuron.right.far.g = "(1 + 0.1*i)*siemens/meter**2", 3 * b.siemens / b.meter**2
        kicks = b.SpikeGeneratorGroup(2, [0, 1, 0], [1, 2.5, 6] * b.ms)
        synapses = b.Synapses(kicks, neuron, on_pre="s_post += 4*nS", delay=0.3 * b.ms)
        synapses.connect(i=[0, 1], j=[5, 15])
        states, spikes = b.StateMonitor(neuron, ["v", "m", "Ic"], record=True), b.SpikeMonitor(neuron)
        net = b.Network(neuron, kicks, synapses, states, spikes)
        net.run(4 * b.ms)
        neuron.left.s = 2 * b.nS
        net.run(8 * b.ms)
        return {"v": states.v_, "m": states.m_, "Ic": states.Ic_, "t": spikes.t_, "i": spikes.i}

    assert len(same(script)["t"]) > 10


def test_no_charge_is_lost_at_a_soma(both):
    """A soma of Brian2 conducts 1e9 times as well as its dendrites: differences of conductances have seven digits fewer."""

    def script(b):
        neuron = b.SpatialNeuron(branched(b, b.Soma(30 * b.um)), "Im = 0*amp/meter**2 : amp/meter**2")
        neuron.v, neuron.left.v = "(30 + i)*mV", 50 * b.mV
        before = np.sum(neuron.area_[:] * neuron.v_[:])
        b.Network(neuron).run(2 * b.ms)
        return {"before": before, "after": np.sum(neuron.area_[:] * neuron.v_[:]), "v": neuron.v_}

    theirs, ours = both(script, otherwise="refuse")
    assert ours["after"] == pytest.approx(ours["before"], rel=1e-13, abs=0)
    assert 0.03 < np.mean(ours["v"]) < 0.05
    np.testing.assert_allclose(ours["v"], theirs["v"], rtol=1e-5)

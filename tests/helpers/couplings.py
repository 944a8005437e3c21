"""Cells for couplings: leaky ones of which all is known."""

import brainsim as bs


def leaky(n, name="cells", **given):
    """Return leaky cells of 10 nS and 200 pF."""
    return bs.Population(n, bs.LI(tau_m=20.0, c_m=200.0, v_rest=-65.0), name=name, **given)

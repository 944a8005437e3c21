"""Networks sampled from everything that the public API offers: `networks.drawn(seed)` is a plan, the same one each time.

A plan has populations of the models of the catalogue and of models written in equations, views of all shapes, every rule,
weights and delays of every kind, plasticity, couplings, inputs, storage. ``plain=True`` leaves out what `reference` does not
define. `bits` compares results byte by byte.
"""

"""Networks sampled from everything that the public API offers, each run in many ways that must give the same bits.

A case is a seed and a precision. `networks.drawn(seed)` is its network: populations of the models of the catalogue and of
models written in equations, views of all shapes, every rule, weights and delays of every kind, plasticity, inputs, storage;
what draws it is in `brainsim.testing.random_networks`.
It is run whole on one thread, and then in each of `ways.WAYS`: on two to five threads, in pieces, after a reset, from a
saved state, with other recordings, to the disk, with other storage, next to another population, with changes half-way.
All spikes, traces and final states are compared byte by byte, and synapses that learn with a twin that takes one spike at
a time.

From the command line, in processes of their own, so that a crash costs one case::

    python -m tests.random_networks --cases 3000 --precision both --processes 2
    python -m tests.random_networks --cases 1 --seed 17 --precision single       # one case again
    python -m tests.random_networks --cases 300 --precision precise              # double, and exact spike times

The seed of the first case is printed, and for each case that fails what differs and the command that repeats it. `tests`
runs thirty cases each time, and thousands of fresh ones with ``-m slow``; a failure becomes one of the fixed cases there.

How it learns a new feature
---------------------------
a model, a synapse
    Public ones are found in the catalogue (`kinds`). A new synapse is added to `kinds.ORDER`; a new word of the language of
    equations goes into a class of `own_models`.
a rule, a distribution, a shape of views
    One more choice in the function of `pieces` that draws it.
a rule of plasticity
    A class of `rules`, with how its parameters follow from the weights; the way `ways.learning` compares it with a twin.
    A built-in rule is one more function of `rules.built_in`. A modulator, homeostasis and initial values are drawn in
    `rules.add_more`, two rules on one synapse in `rules.combine`.
what cannot have exact times
    `exact_times` leaves it out of networks that are run with ``precise=True``.
an input, an argument of `connect`
    A function of `networks` that draws it, called in `networks.drawn`.
something else to change in a run
    A function of `changes`.
something else to record
    A function of `recorders`, called in `recorders.requests`.
another promise of the same bits
    A function in `ways.WAYS`; what `continue_with` may add, leave out or change, in `continuing`.

Whatever decides the text of a kernel belongs into `kinds`, where the reason stands. New choices change which network a seed
draws, so a failure that must never come back is also made a test of its own, as small as it can be.
"""

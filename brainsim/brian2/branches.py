"""The compartments of a neuron with a morphology as a tree, whose potentials of one step are found together.

Current that flows along a section from one compartment to the next depends on the potentials at the end of the step (an
implicit step of Euler). Where sections meet is a point of its own, without a membrane. Each point has a higher number
than the one towards the root; so one pass from the tips to the root eliminates them, and one back finds them.
"""

import numpy as np

READ = ("r_length_1", "r_length_2", "Ri", "area", "Cm")


class Tree:
    """The points of a `SpatialNeuron`, with conductances [S] and capacitances per step [S].

    `place`: compartment -> point; `up`: point -> the next one towards the root; `links`: conductance to it; `own`: its
    capacitance divided by dt.
    """

    def __init__(self, group, dt):
        flat, values = group.flat_morphology, {n: v.get_value() for n, v in group.variables.items() if n in READ}
        rin, rout, resistivity = values["r_length_1"], values["r_length_2"], float(values["Ri"][0])
        self.area, self.capacity = np.array(values["area"]), np.array(values["area"] * values["Cm"] / dt)
        ends = {int(s) - 1 for s in flat.morph_parent_i} - {-1}  # sections that others continue
        self.place, up, links, end_of = np.zeros(flat.n, np.int64), [], [], {-1: -1}
        for section, (first, last) in enumerate(zip(flat.starts, flat.ends, strict=True)):
            before = end_of[int(flat.morph_parent_i[section]) - 1]
            for compartment in range(first, last):
                if compartment == first:
                    link = 0.0 if before < 0 else rin[first] / resistivity
                else:
                    link = 1.0 / (resistivity * (1.0 / rout[compartment - 1] + 1.0 / rin[compartment]))
                self.place[compartment] = len(up)
                up.append(max(before, 0) if compartment == first else len(up) - 1)
                links.append(link)
            if section in ends:
                up.append(len(up) - 1)
                links.append(rout[last - 1] / resistivity)
                end_of[section] = len(up) - 1
        self.up, self.links = np.array(up, np.int64), np.array(links)
        self.own = np.zeros_like(self.links)
        self.own[self.place] = self.capacity

    def fields(self):
        """Return what the record of the operator holds of it."""
        found = {name: getattr(self, name) for name in ("place", "up", "links", "own", "area", "capacity")}
        return found | {"below": self.own.copy(), "right": np.zeros_like(self.own)}

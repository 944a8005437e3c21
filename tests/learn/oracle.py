"""The gradient in continuous time, event by event: a recurrent layer of LIF cells, a readout that integrates, mean loss.

Arrivals come from a heap, crossings by bisection; the adjoint is that of EventProp with delays and refractory times.
"""

import heapq
import math
from math import exp

PARTS, BISECTIONS = 40, 60  # of an interval in which a crossing is looked for


class Oracle:
    """The forward pass of one sample; weights and delays are lists of rows, `events` pairs (time, input)."""

    def __init__(self, given, recurrent, output, delays, events, label, end, t_ref=0.0, v_reset=-0.1, tau_m=20.0, tau_s=5.0):
        self.weights, self.delays = {"i": given, "r": recurrent, "o": output}, delays
        self.tau_m, self.tau_s, self.t_ref, self.v_reset, self.end = tau_m, tau_s, t_ref, v_reset, end
        self.n, self.outputs = len(recurrent), len(output[0])
        self.v, self.i, self.free = [0.0] * self.n, [0.0] * self.n, [-1.0] * self.n
        self.out_v, self.out_i, self.mean = [0.0] * self.outputs, [0.0] * self.outputs, [0.0] * self.outputs
        self.t, self.queue, self.log, self.spikes = 0.0, [], [], []
        for time, unit in events:
            self._send("i", -1, unit, time)
        while self._next():
            pass
        top = max(self.mean)
        shares = [exp(m - top) for m in self.mean]
        self.shares = [s / sum(shares) for s in shares]
        self.loss, self.label = -math.log(self.shares[label]), label

    def response(self, dt):
        return self.tau_s / (self.tau_m - self.tau_s) * (exp(-dt / self.tau_m) - exp(-dt / self.tau_s))

    def at(self, j, dt):
        return self.v[j] * exp(-dt / self.tau_m) + self.i[j] * self.response(dt)

    def _send(self, kind, spike, unit, time):
        for m in range(len(self.weights[kind][unit])):
            heapq.heappush(
                self.queue, (time + self.delays[kind], len(self.queue) + 1e6 * len(self.log), kind, spike, unit, m)
            )

    def _next(self):
        """Go to the next event; return whether there was one."""
        stop, kind, who = self.end, "end", -1
        if self.queue and self.queue[0][0] <= self.end:
            stop, kind = self.queue[0][0], "arrival"
        for j in range(self.n):
            if self.t < self.free[j] < stop:
                stop, kind, who = self.free[j], "free", j
        for j in range(self.n):
            low = self.t
            for k in range(1, PARTS + 1) if self.free[j] <= self.t else ():
                high = self.t + (stop - self.t) * k / PARTS
                if self.at(j, high - self.t) >= 1.0:
                    for _ in range(BISECTIONS):
                        middle = 0.5 * (low + high)
                        low, high = (low, middle) if self.at(j, middle - self.t) >= 1.0 else (middle, high)
                    stop, kind, who = high, "spike", j
                    break
                low = high
        self._move(stop - self.t)
        self.t = stop
        return kind != "end" and (self._take(kind, who) or True)

    def _move(self, dt):
        for j in range(self.n):
            self.v[j] = self.v_reset if self.free[j] > self.t else self.at(j, dt)
            self.i[j] *= exp(-dt / self.tau_s)
        for o in range(self.outputs):
            v = self.out_v[o] * exp(-dt / self.tau_m) + self.out_i[o] * self.response(dt)
            i = self.out_i[o] * exp(-dt / self.tau_s)
            self.mean[o] += (self.tau_s * (self.out_i[o] - i) - self.tau_m * (v - self.out_v[o])) / self.end
            self.out_v[o], self.out_i[o] = v, i

    def _take(self, kind, who):
        if kind == "arrival":
            _, _, kind, spike, unit, m = heapq.heappop(self.queue)
            target = self.out_i if kind == "o" else self.i
            target[m] += self.weights[kind][unit][m]
            self.log.append((self.t, kind, spike, unit, m))
        elif kind == "free":
            self.free[who] = -1.0
            self.log.append((self.t, "free", who, self.i[who], 0))
        else:
            self.log.append((self.t, "spike", len(self.spikes), who, self.i[who]))
            self.spikes.append((self.t, who))
            self.v[who], self.free[who] = self.v_reset, self.t + self.t_ref if self.t_ref else -1.0
            for kind in "ro":
                self._send(kind, len(self.spikes) - 1, who, self.t)

    def gradients(self):
        """Return the gradients by the weights: a dict like `weights`."""
        tau_m, tau_s, found = self.tau_m, self.tau_s, {}
        for kind, rows in self.weights.items():
            found[kind] = [[0.0] * len(row) for row in rows]
        lv, li, ov, oi = [0.0] * self.n, [0.0] * self.n, [0.0] * self.outputs, [0.0] * self.outputs
        push = [(share - (o == self.label)) / self.end for o, share in enumerate(self.shares)]
        by_time, released, t = [0.0] * len(self.spikes), {}, self.end
        for time, kind, x, unit, m in reversed(self.log):
            a, b = exp(-(t - time) / tau_m), exp(-(t - time) / tau_s)
            c, t = tau_m / (tau_s - tau_m) * (b - a), time
            for j in range(self.n):
                li[j], lv[j] = b * li[j] + c * lv[j], a * lv[j]
            for o in range(self.outputs):
                moved = ov[o] + push[o]
                oi[o], ov[o] = b * oi[o] + c * moved - push[o] * (1.0 - b), a * moved - push[o]
            if kind == "spike":
                j, i = unit, m
                back = released.pop(j, 0.0) if self.t_ref else lv[j] * (i - self.v_reset)
                lv[j] = (back + by_time[x]) / (i - 1.0)
            elif kind == "free":
                released[x], lv[x] = lv[x] * (unit - self.v_reset), 0.0
            else:
                v, i = (ov[m], oi[m]) if kind == "o" else (lv[m], li[m])
                found[kind][unit][m] -= tau_s * i
                if x >= 0:
                    by_time[x] += self.weights[kind][unit][m] * (v - i)
        return found

"""Phase planes: nullclines and fixed points by hand."""

import numpy as np
import pytest
from scipy.optimize import brentq

import brainsim as bs
from brainsim import explore
from brainsim.explore.flow import VectorField
from brainsim.explore.planes import _around, _resets
from tests.helpers.equations.own_models import Adapting, FitzHugh


class TestPhasePlane:
    def test_nullclines_are_those_by_hand(self):
        plane = explore.phase_plane(FitzHugh(), "v", "u", current=0.5, x_range=(-2.5, 2.5), y_range=(-1.0, 2.0), points=401)
        v, u = np.concatenate(plane.x_nullcline).T
        assert u == pytest.approx(v - v**3 / 3 + 0.5, abs=3e-4)
        assert np.ptp(v) > 4.0
        v, u = np.concatenate(plane.y_nullcline).T
        assert u == pytest.approx((v + 0.7) / 0.8, abs=1e-6)

    def test_field_is_that_of_the_equations(self):
        plane = explore.phase_plane(FitzHugh(tau=10.0), "u", "v", current=0.3, points=21)
        u, v = np.meshgrid(plane.x, plane.y)
        np.testing.assert_allclose(plane.dx, (v + 0.7 - 0.8 * u) / 10.0, rtol=1e-13)
        np.testing.assert_allclose(plane.dy, v - v**3 / 3 - u + 0.3, rtol=0, atol=1e-13)

    @pytest.mark.parametrize(("current", "stable"), [(0.0, True), (0.3, True), (0.5, False), (1.0, False), (1.6, True)])
    def test_fixed_point_loses_its_stability_between_the_bifurcations(self, current, stable):
        """It is stable if 1 - v**2 < b/tau: |v| > 0.9674, which is from I = 0.331 to 1.419 not the case."""
        plane = explore.phase_plane(FitzHugh(), "v", "u", current=current, x_range=(-2.5, 2.5), y_range=(-1.0, 2.5))
        v = brentq(lambda v: v - v**3 / 3 - (v + 0.7) / 0.8 + current, -3.0, 3.0)
        (point,) = plane.fixed_points
        assert (point.x, point.y) == pytest.approx((v, (v + 0.7) / 0.8), abs=1e-8)
        assert sum(point.eigenvalues).real == pytest.approx(1 - v**2 - 0.8 / 12.5, abs=1e-6)
        assert point.stable is stable

    def test_three_fixed_points_of_a_bistable_cell(self):
        """b = 2: u = (v + a)/2 crosses the cubic three times; the one in the middle is a saddle."""
        plane = explore.phase_plane(FitzHugh(a=0.0, b=2.0), "v", "u", x_range=(-2.5, 2.5), y_range=(-1.5, 1.5))
        root = np.sqrt(1.5)
        assert [point.x for point in plane.fixed_points] == pytest.approx([-root, 0.0, root], abs=1e-8)
        assert [point.kind for point in plane.fixed_points][1] == "saddle"
        assert [point.stable for point in plane.fixed_points] == [True, False, True]

    def test_trajectory_is_the_simulation(self):
        plane = explore.phase_plane(FitzHugh(), "v", "u", current=0.5, duration=300.0)
        response = explore.step_response(FitzHugh(), 0.5, onset=0.0, length=300.0, duration=300.0)
        assert np.array_equal(plane.trajectory[:, 0], response["v"][:, 0])
        assert plane.x[0] < plane.trajectory[:, 0].min() < plane.trajectory[:, 0].max() < plane.x[-1]

    @pytest.mark.parametrize(
        ("model", "names", "steady", "reach"),
        [
            (bs.FitzHughNagumo(), ("v", "w"), (), ((-1.9, 1.9), (-0.5, 1.2))),
            (bs.HodgkinHuxley(), ("v", "n"), ("m",), ((-75.0, 30.0), (0.33, 0.7))),
            (bs.MorrisLecar(), ("v", "w"), (), ((-60.0, 25.0), (0.02, 0.4))),
            (bs.AdEx(), ("v", "w"), (), ((-70.0, -30.0), (0.0, 200.0))),
        ],
    )
    def test_of_a_cell_at_rest_reaches_as_far_as_a_spike(self, model, names, steady, reach):
        """Without a current nothing moves; the plane is that in which the cell would fire."""
        plane = explore.phase_plane(model, *names, steady=steady, points=51)
        assert np.all(np.ptp(plane.trajectory, axis=0) < 0.1 * np.ptp(reach, axis=1))
        for axis, (low, high) in zip((plane.x, plane.y), reach, strict=True):
            assert axis[0] < low < high < axis[-1]
            assert axis[-1] - axis[0] < 3.5 * (high - low)
        assert any(point.stable for point in plane.fixed_points)

    def test_of_a_cell_at_rest_that_cannot_fire(self):
        """Some around the resting value; from closed to open for what may be a gate."""
        plane = explore.phase_plane(FitzHugh(), "v", "u", initial={"v": -1.19940804, "u": -0.62426004}, points=51)
        assert (plane.x[0], plane.x[-1]) == pytest.approx((-2.1994, -0.1994), abs=1e-3)
        assert (plane.y[0], plane.y[-1]) == pytest.approx((-1.6243, 0.3757), abs=1e-3)
        assert _around((0.3177, 0.3178), None, "") == pytest.approx((-0.05, 1.05))
        assert _around((-64.0, -64.0), None, "mV") == (-80.0, -48.0)

    def test_a_trajectory_of_its_own_is_shown_as_large(self):
        spiking = explore.phase_plane(FitzHugh(), "v", "u", current=0.5, points=21)
        reach = np.ptp(spiking.trajectory, axis=0)
        assert [np.ptp(spiking.x), np.ptp(spiking.y)] == pytest.approx(1.3 * reach)

    def test_others_are_held_or_steady(self):
        """z is linear in itself: steady it is a*(v - v_rest); held it is what is given, or its initial value."""
        options = {"x_range": (-65.0, -50.0), "y_range": (0.0, 1.0), "points": 31, "current": 50.0}
        model = Adapting()
        cases = [
            ({}, lambda v: 0.0),
            ({"held": {"z": 20.0}}, lambda v: 20.0),
            ({"steady": ("z",)}, lambda v: 4.0 * (v + 60.0)),
            ({"initial": {"z": 7.0}}, lambda v: 7.0),
        ]
        for arguments, z in cases:
            plane = explore.phase_plane(model, "v", "m", **arguments, **options)
            v, m = np.meshgrid(plane.x, plane.y)
            np.testing.assert_allclose(plane.dx, (-60.0 - v) / 10.0 + (50.0 - z(v)) / 100.0, rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(plane.dy, 1.0 / (1.0 + np.exp(-v / 10.0)) - m, rtol=1e-12, atol=1e-12)

    def test_steady_variables_that_depend_on_each_other(self):
        flow = VectorField(Adapting(), current=100.0)
        state = flow.steady(flow.initial(), ("v", "z", "m"))
        assert state["v"] == pytest.approx(-60.0 + 100.0 / 14.0)  # the leak of 10 nS and a = 4 nS
        assert state["z"] == pytest.approx(400.0 / 14.0)
        assert max(abs(slope) for slope in flow.slopes(state).values()) < 1e-9

    def test_has_a_picture(self, ax):
        plane = explore.phase_plane(Adapting(), "v", "z", current=300.0)
        assert plane.plot(ax) is ax
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("v [mV]", "z [pA]")
        drawn = next(line for line in ax.lines if line.get_label() == "trajectory")
        assert np.isnan(drawn.get_ydata()).sum() == plane.spikes.size > 0  # a gap at each reset
        jumps = next(line for line in ax.lines if line.get_label() == "spike and reset").get_xdata().reshape(-1, 3)
        assert np.all(jumps[:, 0] > jumps[:, 1])  # from the threshold back to the reset, and then a gap
        assert np.isnan(jumps[:, 2]).all()

    def test_a_gap_is_where_v_jumps(self):
        plane = explore.phase_plane(Adapting(), "v", "z", current=300.0, points=3)
        rows, v = _resets(plane), plane.trajectory[:, 0]
        assert rows.size == plane.spikes.size > 3
        assert np.all(v[rows] == -60.0)  # right after it comes the reset value
        assert np.all(v[rows - 1] > -51.0)

    @pytest.mark.parametrize(
        ("model", "arguments", "message"),
        [
            (FitzHugh(), {"x": "v", "y": "w"}, r"phase_plane.y: FitzHugh has no variable 'w'; available: v, u"),
            (FitzHugh(), {"x": "v", "y": "v"}, r"phase_plane.y: must be another variable than x \(got 'v' twice\)"),
            (FitzHugh(), {"x": "v", "y": "u", "steady": ("x",)}, "phase_plane.steady: FitzHugh has no variable 'x'"),
            (
                FitzHugh(),
                {"x": "v", "y": "u", "held": {"u": 1.0}},
                "phase_plane.held: must be another variable than x and y",
            ),
            (FitzHugh(), {"x": "v", "y": "u", "x_range": (1.0, 0.0)}, r"phase_plane.x_range: must be \(low, high\)"),
            (
                Adapting(),
                {"x": "v", "y": "z", "steady": ("m",), "held": {"m": 1.0}},
                "phase_plane.held: 'm' cannot be both held and",
            ),
            (bs.Poisson(), {"x": "v", "y": "z", "current": 1.0}, "phase_plane: Poisson has no current I in its equations"),
            (bs.LIF(), {"x": "v", "y": "u"}, "phase_plane: LIF has fewer than two variables, and a plane needs two"),
        ],
    )
    def test_says_what_is_missing(self, model, arguments, message):
        with pytest.raises(ValueError, match=message):
            explore.phase_plane(model, **arguments)

    def test_of_a_model_with_two_variables_needs_no_names(self):
        wanted = explore.phase_plane(FitzHugh(), "v", "u", current=0.3, points=3)
        found = explore.phase_plane(FitzHugh(), current=0.3, points=3)
        assert found.variables == ("v", "u")
        assert np.array_equal(found.trajectory, wanted.trajectory)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (
                (FitzHugh(), 1.3),
                r"x: must be a variable of FitzHugh, one of v, u \(got 1.3\); write phase_plane\(Fi.* current",
            ),
            ((FitzHugh(), "v"), r"y: must be a variable of FitzHugh, one of v, u \(got None\); write .*\), 'v', 'u', curr"),
            ((bs.HodgkinHuxley(),), r"x: must be a variable of HodgkinHuxley, one of v, m, h, n \(got None\)"),
        ],
    )
    def test_a_name_is_a_text(self, given, message):
        with pytest.raises(TypeError, match=f"phase_plane.{message}"):
            explore.phase_plane(*given)

    def test_a_plane_has_two_variables(self):
        with pytest.raises(ValueError, match="phase_plane: LIF has fewer than two variables, and a plane needs two"):
            explore.phase_plane(bs.LIF())

    def test_a_steady_state_that_is_not_known(self):
        kind = type(
            "Cubic",
            (FitzHugh,),
            {
                "equations": "dv/dt = v - v**3/3 - u + z + I\ndu/dt = v - u\ndz/dt = z - z**3",
                "z": bs.initial(0.5, "", "another"),
            },
        )
        with pytest.raises(ValueError, match=r"Cubic.z: its steady state is not known, .* hold it with held=\{'z': 0.5\}"):
            explore.phase_plane(kind(), "v", "u", steady=("z",))

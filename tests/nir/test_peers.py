"""The same graphs here, in snnTorch and in Norse: equal spike counts for 100 random inputs, in both directions."""

import contextlib
import io

import numpy as np
import pytest

import brainsim as bs
from tests.nir.graphs import nir

torch = pytest.importorskip("torch", reason="compares with snnTorch and Norse, which are made of PyTorch")
snntorch = pytest.importorskip("snntorch", reason="compares with snnTorch")
norse = pytest.importorskip("norse.torch", reason="compares with Norse")
pytestmark = pytest.mark.slow
SAMPLES, STEPS = 100, 200
X = 1.0 * (np.random.default_rng(1).random((SAMPLES, STEPS, 20)) < 0.1)


@pytest.fixture(autouse=True)
def double_precision():
    """Single precision would decide differently where a potential comes close to its threshold."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    with torch.no_grad():
        yield
    torch.set_default_dtype(before)


def exact(net):
    """Let cells of snnTorch send spikes in double precision, too."""
    for module in net.double().modules():
        if type(module).__module__.startswith("snntorch"):
            module.register_forward_hook(lambda _, __, out: out.double() if torch.is_tensor(out) else out)
    return net


def counts_there(net):
    """Return the spike counts of a module of PyTorch for all samples."""
    total, state = 0.0, None
    for t in range(STEPS):
        out = net(torch.tensor(X[:, t])) if state is None else net(torch.tensor(X[:, t]), state)
        spikes, state = out if isinstance(out, tuple) else (out, None)
        total = total + spikes
    return total.numpy()


def counts_here(graph, **options):
    """Return the spike counts of a graph here; the output lies two steps behind."""
    found = []
    for x in X:
        net = bs.nir.read(graph, method="euler", inputs=x, **options)
        dt = net.required_dt
        output = next(name for name, p in net.populations.items() if type(p.model).__name__ == "SpikingOutput")
        found.append(bs.simulate(net, (STEPS + 2) * dt, dt=dt, threads=1).spikes[output].counts())
    return np.array(found)


def made_here(synapse, weights, recurrent):
    rng, net = np.random.default_rng(2), bs.Network(seed=1)
    given = bs.Population(20, bs.SpikeTrains(np.empty(0), np.empty(0, int)), name="input")
    model = bs.LIF(tau_m=12.8, c_m=128.0, v_rest=0.0, v_th=1.0, v_reset=0.0, t_ref=0.0)
    hidden, out = bs.Population(30, model, name="hidden"), bs.Population(10, model, name="out")
    pairs = [(given, hidden, weights[0]), (hidden, out, weights[1])]
    for pre, post, scale in pairs + [(hidden, hidden, 0.5 * weights[1])] * recurrent:
        weight = (scale * rng.normal(0.3, 1.0, (pre.n, post.n))).astype(np.float32)
        net.connect(pre, post, bs.AllToAll(), weight=weight, delay=0.1, synapse=synapse)
    return bs.nir.write(net)


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize(
    ("synapse", "weights"), [(bs.Delta(), (0.25, 0.2)), (bs.Exponential(tau=3.2), (6.0, 5.0))], ids=["jumps", "currents"]
)
def test_graphs_written_here(synapse, weights, recurrent, tmp_path):
    from snntorch.import_nir import import_from_nir

    nir.write(tmp_path / "a.nir", made_here(synapse, weights, recurrent))
    here = counts_here(tmp_path / "a.nir")
    assert here.sum() > 5000
    with contextlib.redirect_stdout(io.StringIO()):
        there = exact(import_from_nir(nir.read(tmp_path / "a.nir")))
    np.testing.assert_array_equal(counts_there(there), here)
    there = norse.from_nir(nir.read(tmp_path / "a.nir"), ignore_warnings=True, dt=1e-4).double()
    np.testing.assert_array_equal(counts_there(there), here)


def scaled(net, factor):
    for module in net.modules():
        if isinstance(module, torch.nn.Linear):
            module.weight.data = (module.weight.data * factor + 0.007 * factor).float().double()
            module.bias.data = (module.bias.data * 0.3).float().double()
    return net


def of_snntorch(kind):
    options = {"reset_mechanism": "zero", "reset_delay": False, "init_hidden": True}

    def layer(n, beta):
        values = {"beta": torch.full((n,), beta), "threshold": torch.ones(n)}
        if kind == "Synaptic":
            return snntorch.Synaptic(alpha=torch.full((n,), 0.8), **values, **options)
        if kind == "RLeaky" and n == 30:
            double = {"spike_grad": lambda x: (x > 0.0).double()}
            return snntorch.RLeaky(beta=beta, linear_features=n, **double, **options)
        return snntorch.Leaky(**values, **options)

    linear = torch.nn.Linear
    return torch.nn.Sequential(linear(20, 30), layer(30, 0.9), linear(30, 10), layer(10, 0.95))


@pytest.mark.parametrize(("kind", "factor"), [("Leaky", 3.0), ("Synaptic", 1.0), ("RLeaky", 2.0)])
def test_graphs_of_snntorch(kind, factor):
    from snntorch.export_nir import export_to_nir

    torch.manual_seed(3)
    net = exact(scaled(of_snntorch(kind), factor))
    graph = export_to_nir(net, torch.zeros(1, 20), ignore_dims=[0])
    for module in net.modules():
        if hasattr(module, "reset_mem"):
            module.reset_mem()
    expected = counts_there(net)
    assert expected.sum() > 1000
    np.testing.assert_array_equal(counts_here(graph), expected)


@pytest.mark.parametrize(("kind", "factor", "time_unit"), [("LIFBoxCell", 8.0, "s"), ("IAFCell", 1.0, "ms")])
def test_graphs_of_norse(kind, factor, time_unit):
    torch.manual_seed(3)

    def layer(n):
        values = {"v_th": torch.full((n,), 0.5 if kind == "LIFBoxCell" else 1.0)}
        if kind == "LIFBoxCell":
            values |= {"tau_mem_inv": torch.full((n,), 100.0), "v_leak": torch.zeros(n)}
        return getattr(norse, kind)(p=getattr(norse, kind.replace("Cell", "Parameters"))(**values), dt=1e-3)

    linear = torch.nn.Linear
    net = scaled(norse.SequentialState(linear(20, 30), layer(30), linear(30, 10), layer(10)), factor).double()
    graph = norse.to_nir(net, torch.zeros(1, 20), dt=1.0)
    expected = counts_there(net)
    assert expected.sum() > 500
    np.testing.assert_array_equal(counts_here(graph, dt=1.0, time_unit=time_unit), expected)

"""A brain: selections, annotations, signs, its network, and rates with identifiers."""

import csv
import pickle
import re

import numpy as np
import pytest

import brainsim as bs
from brainsim.connectomes import Brain, Edges

FLY = 720575940660219265  # as a float it is another cell
IDS = [str(FLY + k) for k in range(5)]
NOTES = {
    "super_class": ["sensory", "central", "central", "motor", "motor"],
    "side": ["left", "left", "right", "left", "right"],
    "transmitter": ["ACH", "GABA", "Glutamate", "acetylcholine", "DA"],
    "size": [1.5, 2.0, 3.0, 2.0, np.nan],
    "complete": [True, True, False, True, True],
}


@pytest.fixture
def brain():
    edges = Edges([0, 0, 1, 2, 3], [1, 2, 3, 4, 4], count=[5, 12, 3, 7, 2405], sign=[1, 1, -1, 1, -1])
    return Brain(IDS, NOTES, edges, title="Five cells")


def test_whole_numbers_are_identifiers_up_to_the_largest_exact_float():
    largest = Brain([2.0**53], {}, Edges([], [], [], [])).ids
    assert largest.tolist() == [str(2**53)]


def test_identifiers_are_exact(brain):
    assert float(FLY) == float(FLY + 1)
    assert [brain[name] for name in IDS] == list(range(5))
    assert brain[FLY + 3] == brain[str(FLY + 3)] == brain[np.int64(FLY + 3)] == 3
    assert brain[[IDS[4], FLY]].tolist() == brain[np.array([FLY + 4, FLY])].tolist() == [4, 0]
    assert IDS[2] in brain
    assert FLY + 7 not in brain
    assert brain.ids[brain.where(side="right")].tolist() == [IDS[2], IDS[4]]


@pytest.mark.parametrize(
    ("key", "error", "text"),
    [
        (float(FLY), TypeError, r"a float loses digits \(got 7.2"),
        (FLY + 9, bs.MissingName, rf"'Five cells' has no cell '{FLY + 9}'; identifiers look like '{FLY}'"),
        (3, bs.MissingName, "the index 3 needs no brackets"),
        ([IDS[0], "x"], bs.MissingName, "has no cell 'x'"),
    ],
)
def test_a_cell_that_is_not_there(brain, key, error, text):
    with pytest.raises(error, match=text):
        brain[key]


def test_selections(brain):
    assert brain.where(super_class="motor").tolist() == [3, 4]
    assert brain.where(super_class=["motor", "sensory"], side="left").tolist() == [0, 3]
    assert brain.where(size=2.0, complete=True).tolist() == [1, 3]
    assert brain.where(super_class="sensory", side="right").tolist() == []


@pytest.mark.parametrize(
    ("wanted", "error", "text"),
    [
        ({"super_clas": "motor"}, bs.MissingName, "there is no annotation 'super_clas'; did you mean 'super_class'"),
        ({"super_class": "moter"}, ValueError, "no cell has super_class='moter'; did you mean 'motor'"),
        ({"side": ["left", "middle"]}, ValueError, "no cell has side='middle'; available: left, right"),
        ({}, TypeError, "name an annotation"),
    ],
)
def test_a_selection_that_is_mistyped(brain, wanted, error, text):
    with pytest.raises(error, match=re.escape(text)):
        brain.where(**wanted)


def test_a_brain_is_shown_in_one_line(brain):
    assert repr(brain).startswith("Brain('Five cells', 5 cells, 5 edges, 2,432 synapses; super_class, side, ")
    many = Brain(["a"], {f"n{k}": [k] for k in range(11)}, Edges([], [], [], []))
    assert repr(many).endswith("0 synapses; n0, n1, n2, n3, n4, n5, n6, n7 and 3 others)")


def test_a_brain_travels_between_processes(brain):
    again = pickle.loads(pickle.dumps(brain))
    assert again[IDS[3]] == 3
    assert again.where(side="left").tolist() == brain.where(side="left").tolist()
    assert np.array_equal(again.edges.count, brain.edges.count)


def test_identifiers_beyond_64_bits():
    ids = [2**70, 2**63, -5, "x"]
    assert Brain(ids, {}, Edges([], [], [], [])).ids.tolist() == [str(name) for name in ids]


def test_signs_follow_from_transmitters(brain):
    assert brain.signed().edges.sign.tolist() == [1, 1, -1, -1, 1]
    assert brain.signed({"ach": 1, "da": 0}, unknown=-1).edges.sign.tolist() == [1, 1, -1, -1, 1]
    assert brain.signed({"left": -1, "right": 1}, by="side").edges.sign.tolist() == [-1, -1, -1, 1, -1]
    with pytest.raises(ValueError, match=r"no sign for transmitter 'DA' \(1 cell\), 'Glutamate' \(1 cell\); add"):
        brain.signed({"ACH": 1, "GABA": -1})
    with pytest.raises(ValueError, match=r"Brain.signed.signs\['GABA'\]: must be >= -1 \(got -2\)"):
        brain.signed({"GABA": -2})
    with pytest.raises(bs.MissingName, match="there is no annotation 'nt'"):
        brain.signed(by="nt")


def test_what_arrives_in_the_network(brain):
    net = brain.network(bs.LIF(), weight=0.275, delay=1.8, synapse=bs.Delta())
    assert list(net.populations) == ["brain"]
    synapses = net.synapses("brain->brain")
    order = np.lexsort((synapses.post, synapses.pre))
    assert synapses.pre[order].tolist() == brain.edges.pre.tolist()
    assert synapses.post[order].tolist() == brain.edges.post.tolist()
    signed = np.array([5, 12, -3, 7, -2405])
    assert np.array_equal(synapses.weight[order], np.float32(0.275 * signed))
    assert set(synapses.delay.tolist()) == {1.8}


def test_a_network_of_a_population_and_with_junctions(brain):
    cells = brain.population(bs.LIF(), initial={"v": -60.0})
    assert cells.name == "brain"
    with_gaps = Brain(brain.ids, {}, brain.edges, Edges([0], [4], [3], [1]))
    options = {"weight": 1.0, "delay": 1.0, "synapse": bs.Delta()}
    with pytest.raises(ValueError, match="Brain.network.junction: missing; the brain has 1 electrical synapse"):
        with_gaps.network(cells, **options)
    net = with_gaps.network(cells, junction=0.1, **options)
    assert net.synapses("junctions").weight.tolist() == pytest.approx([0.3])
    assert len(with_gaps.network(cells, junction=0, **options).projections) == 1
    with pytest.raises(ValueError, match=r"must have the 5 cells of the brain \(got View"):
        brain.network(cells[:3], **options)


def test_rates_have_identifiers_and_annotations(brain, tmp_path):
    trials = [bs.Spikes([1.0, 2.0, 3.0], [3, 3, k], n=5, duration=500.0) for k in (1, 4)]
    rates = brain.rates(trials[0])
    assert rates["id"].tolist() == [IDS[k] for k in (3, 1, 0, 2, 4)]
    assert rates["rate"].tolist() == [4.0, 2.0, 0.0, 0.0, 0.0]
    assert rates["super_class"].tolist()[:2] == ["motor", "central"]
    assert rates.active()["cell"].tolist() == [3, 1]
    both = brain.rates(trials)
    assert both["rate"].tolist() == [4.0, 1.0, 1.0, 0.0, 0.0]
    assert both["sd"].tolist() == pytest.approx([0.0, np.sqrt(2.0), np.sqrt(2.0), 0.0, 0.0])
    both.to_csv(tmp_path / "rates.csv")
    with (tmp_path / "rates.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [line["id"] for line in lines] == both["id"].tolist()
    assert [float(line["rate"]) for line in lines] == both["rate"].tolist()
    assert f"{IDS[3]}  3     4     0" in repr(both)
    with pytest.raises(bs.MissingName, match="there is no column 'rates'; did you mean 'rate'"):
        both["rates"]


def test_rates_as_a_frame(brain):
    pytest.importorskip("pandas", reason="needs pandas")
    frame = brain.rates(bs.Spikes([1.0], [2], n=5, duration=500.0)).to_frame()
    assert list(frame.columns) == ["id", "cell", "rate", *NOTES]
    assert frame.id[0] == IDS[2]


def test_rates_of_a_run(brain):
    net = brain.network(bs.LIF(), weight=0.01, delay=1.8, synapse=bs.Delta())
    net.stimulate(net.populations["brain"][brain[IDS[2]]], bs.CurrentInput(500.0))
    result = bs.simulate(net, 200.0, seed=1)
    rates = brain.rates(result)
    assert rates["id"][0] == IDS[2]
    assert rates["rate"][0] == result.spikes["brain"].rates()[2] > 0.0
    with pytest.raises(bs.MissingName, match="'fly'"):
        brain.rates(result, name="fly")
    with pytest.raises(ValueError, match="the spikes are of 3 cells, and the brain has 5"):
        brain.rates(bs.Spikes([], [], n=3, duration=1.0))


def test_annotations_from_a_table(brain):
    table = {"root_id": [FLY + 3, FLY + 1, 17], "class": ["DN", "LN", "KC"], "age": [3, 1, 2], "score": [0.5, 0.25, 1.0]}
    more = brain.annotate(table, columns={"class": "cell_class", "age": "age", "score": "score"})
    assert more.annotations["cell_class"].tolist() == ["", "LN", "", "DN", ""]
    assert np.array_equal(more.annotations["age"], [np.nan, 1, np.nan, 3, np.nan], equal_nan=True)
    assert more.where(cell_class="LN").tolist() == [1]
    assert list(more.annotations) == [*NOTES, "cell_class", "age", "score"]
    assert list(brain.annotate(table).annotations) == [*NOTES, "class", "age", "score"]
    with pytest.raises(ValueError, match="no identifier in the table is one of 'Five cells'; is it of another version"):
        brain.annotate({"root_id": [1, 2], "side": ["left", "left"]})
    with pytest.raises(ValueError, match=rf"the table, row 1 .*column 'id': '{FLY}' has a second row|row 0 .* second row"):
        brain.annotate({"id": [FLY, FLY], "side": ["left", "right"]})
    with pytest.raises(ValueError, match="has no column 'nt'; its columns are 'id'"):
        brain.annotate({"id": [FLY]}, columns=["nt"])


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Brain(["a", "a"], {}, Edges([], [], [], [])), r"Brain.ids: must be different \(got 'a' twice\)"),
        (lambda: Brain(["a", "b\0"], {}, Edges([], [], [], [])), "Brain.ids: must be an identifier without a NUL character"),
        (lambda: Brain(["a", "b" * 10**6], {}, Edges([], [], [], [])), "Brain.ids: .*400 characters, not of 1,000,000"),
        (lambda: Brain([None], {}, Edges([], [], [], [])), "Brain.ids: must be an identifier, a whole number or a text"),
        (lambda: Brain(np.ma.masked_array([1, 2], [0, 1]), {}, Edges([], [], [], [])), "Brain.ids: must have no masked"),
        (lambda: Brain(["a"], {"x": np.ma.masked_array([1], [1])}, Edges([], [], [], [])), "'x'.: must have no masked"),
        (lambda: Brain([7.2e17], {}, Edges([], [], [], [])), "an identifier that became a float has lost its last digits"),
        (lambda: Brain(["a"], {"side": ["left", "right"]}, Edges([], [], [], [])), "must have a value for each of 1 cells"),
        (lambda: Brain(["a"], {}, Edges([0], [1], [1], [1])), r"Brain.edges: cells are 0 to 0 \(got 1\)"),
        (lambda: Edges([0], [1, 2], [1], [1]), r"Edges.post: must be as long as pre, 1 \(got shape \(2,\)\)"),
        (lambda: Edges([0], [1], [1], [2]), r"Edges.sign: must be 1, -1 or 0 \(got 2\)"),
        (lambda: Edges([0], [1], [2**40], [1]), "Edges.count: must be at most 2147483647"),
        (lambda: Edges([0], [1], [1], [300]), "Edges.sign: must be at most 127"),
        (lambda: Edges([0], [1], [-4], [1]), r"Edges.count: must be >= 0 \(got -4\)"),
        (lambda: Edges([0], [-1], [4.0], [1]), r"Edges.post: must be >= 0 \(got -1\)"),
        (lambda: Edges([0], [1], np.ma.masked_array([4], [True]), [1]), "Edges.count: must have no masked values"),
    ],
)
def test_a_brain_is_checked(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_weights_of_many_edges_are_those_of_few():
    """A million edges are kept in columns of codes."""
    n = 1 << 20
    count, sign = np.arange(n) % 7, 1 - np.arange(n) % 3
    many = Edges(np.arange(n) // 4, np.arange(n) % 5, count, sign)
    few = Edges([0] * 21, [0] * 21, count[:21], sign[:21])
    for scale in (1.0, 0.275, -3.0):
        assert np.array_equal(few.weights(scale), count[:21] * sign[:21] * scale)
        assert np.array_equal(many.weights(scale), np.resize(few.weights(scale), n))


def test_edges_are_not_copied_into_the_rule():
    edges = Edges(*(np.arange(3, dtype=kind) for kind in (np.int32, np.int32, np.int32)), np.ones(3, np.int8))
    assert np.shares_memory(edges.rule.pre, edges.pre)
    with pytest.raises(ValueError, match="read-only"):
        edges.pre[0] = 1

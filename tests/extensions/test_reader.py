"""A format of mapped brains from outside: a line for each pair of cells."""

import pytest

import brainsim as bs
from brainsim.connectomes import formats
from brainsim.testing import check_reader


def read_pairs(path, **options):
    lines = [line.split() for line in path.read_text().splitlines()]
    if not lines or any(len(line) != 3 for line in lines):
        raise ValueError(f"read_pairs: {path.name} must have lines of source, target and number of synapses")
    ids = sorted({cell for line in lines for cell in line[:2]})
    pre, post = ([ids.index(line[k]) for line in lines] for k in (0, 1))
    counts = [int(line[2]) for line in lines]
    return bs.connectomes.Brain(ids, {}, bs.connectomes.Edges(pre, post, counts, [1] * len(lines)), **options)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "FORMATS", dict(formats.FORMATS))
    formats.register_format("pairs", {"path": "*.pairs"})(read_pairs)
    (tmp_path / "fly").mkdir()
    (tmp_path / "fly" / "all.pairs").write_text("a b 3\nb c 17\nc a 2\na c 1\n")
    return tmp_path / "fly"


def test_a_reader(folder):
    check_reader("pairs", folder)
    assert bs.connectomes.read(folder).n == 3


def test_what_is_not_a_format(folder):
    with pytest.raises(ValueError, match="check_reader.format: there is no 'pair'; did you mean 'pairs'"):
        check_reader("pair", folder)
    with pytest.raises(ValueError, match="check_reader.folder: must be a folder with files of the format"):
        check_reader("pairs", folder / "no")

"""The command ``brainsim sweep``."""

import pytest


class TestCommand:
    def test_balanced(self, tmp_path, monkeypatch, capsys):
        from brainsim.commands.cli import main

        monkeypatch.chdir(tmp_path)
        command = "sweep balanced --over g=4:6:2 --over n=2500 --seeds 2 --duration 20 --workers 1 --out sweep.csv"
        assert main(command.split()) == 0
        lines = (tmp_path / "sweep.csv").read_text().splitlines()
        assert lines[0].startswith("g,n,seed,rate cells,")
        assert [line.split(",")[0] for line in lines[1:]] == ["4.0", "4.0", "6.0", "6.0"]
        assert {path.name for path in tmp_path.iterdir()} == {"sweep.csv", "sweep.png"}
        assert "4 points" in capsys.readouterr().out
        assert main(command.split()) == 2
        assert "--out: 'sweep.csv' exists; --overwrite replaces it" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ("sweep balanced --over gg=4:6:5", "balanced has no 'gg'; did you mean 'g'?; brainsim copy"),
            ("sweep balanced --over g", "--over: must be NAME=START:STOP:COUNT"),
            ("sweep balanced --over g=4:6", "--over g: must be START:STOP:COUNT"),
            ("sweep balanced --over g=4:6:1", "at least 2"),
            ("sweep balanced --over g=4 --out x.png", "--out: must end in .csv"),
            ("sweep tour --over g=4", "tour writes a page"),
        ],
    )
    def test_mistakes(self, words, said, capsys):
        from brainsim.commands.cli import main

        assert main(words.split()) == 2
        assert said in capsys.readouterr().err

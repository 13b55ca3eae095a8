import json

from axialkit.cli.zoo import zoo_rows
from axialkit.config import PRESETS
from axialkit.weights import shipped_names


def test_every_preset_is_listed_with_its_size_and_both_columns(axk):
    outcome = axk("zoo")
    assert outcome.code == 0
    for name in PRESETS:
        assert f"\n{name} " in outcome.out
    (line,) = [ln for ln in outcome.out.splitlines() if ln.startswith("axial_swidernet_1_1_3 ")]
    assert line.split()[1:] == ["395.38", "M", "67.1", "83.5", "67.63", "83.97", "40.00"]


def test_parameters_are_those_of_the_built_network():
    from axialkit.model import build_model

    (row,) = [row for row in zoo_rows() if row["preset"] == "tiny_avenue"]
    assert row["parameters"] == sum(p.numel() for p in build_model("tiny_avenue").parameters())


def test_it_says_which_weights_are_here():
    where = {row["preset"]: row["weights"] for row in zoo_rows()}
    assert {name for name, place in where.items() if place == "shipped"} == set(shipped_names())


def test_json_holds_the_same_rows(axk, tmp_path):
    assert axk("zoo", "--json", tmp_path / "deep" / "zoo.json").code == 0
    rows = json.loads((tmp_path / "deep" / "zoo.json").read_text())
    assert {row["preset"] for row in rows} >= set(PRESETS)
    (large,) = [row for row in rows if row["preset"] == "axial_swidernet_1_1_1"]
    assert large["published"]["pq_official"] == 66.1


def test_a_narrow_terminal_gets_blocks(axk, monkeypatch):
    monkeypatch.setenv("COLUMNS", "44")
    lines = axk("zoo").out.splitlines()
    assert "preset      tiny" in lines

import json

import pytest

from axialkit.cli.zoo_facts import zoo_row
from axialkit.config import PRESETS
from axialkit.weights import shipped_names
from axialkit.weights.zoo import PUBLISHED


@pytest.fixture(scope="module")
def printed(tmp_path_factory) -> tuple[str, list[dict]]:
    """One run of the whole table: its text and its JSON."""
    import contextlib
    import io

    from axialkit.cli import main

    path = tmp_path_factory.mktemp("zoo") / "deep" / "zoo.json"
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(["zoo", "--json", str(path)]) == 0
    return out.getvalue(), json.loads(path.read_text())


def test_every_preset_is_listed_with_its_costs_and_both_columns(printed):
    text, _ = printed
    for name in PRESETS:
        assert f"\n{name} " in text
    (line,) = [ln for ln in text.splitlines() if ln.startswith("axial_swidernet_1_1_3 ")]
    scores = "67.1 / 83.5    67.63 / 83.97 / 40.00"
    assert line.split(None, 4)[1:] == ["395,380,582", "600,480", "7,215.9", scores]
    assert max(len(line) for line in text.splitlines()) <= 100


def test_json_holds_whole_numbers_under_stable_names(printed):
    _, rows = printed
    assert {row["name"] for row in rows} == set(PRESETS)
    (large,) = [row for row in rows if row["name"] == "max_deeplab_l_backbone"]
    assert large["parameters"] == 176_560_454 and large["statistics"] == 252_800
    assert round(large["multiply_adds_1025x2049"] / 1e9, 1) == 3435.3
    assert round(large["multiply_adds_used_1025x2049"] / 1e9, 1) == 2717.9
    assert large["published"]["pq_official"] == 66.3
    assert all(isinstance(row["multiply_adds_1025x2049"], int) for row in rows)


def test_it_says_which_weights_are_here(tmp_path, monkeypatch):
    monkeypatch.setenv("AXIALKIT_HOME", str(tmp_path))
    where = {name: zoo_row(name)["weights"] for name in ("tiny", "tiny_conv")}
    assert where == {"tiny": "shipped", "tiny_conv": "train it"} and "tiny" in shipped_names()
    assert zoo_row("max_deeplab_s_backbone")["weights"] == "get them"
    folder = tmp_path / "max_deeplab_s_backbone-cityscapes"
    folder.mkdir()
    (folder / "weights.safetensors").touch()
    assert zoo_row("max_deeplab_s_backbone")["weights"] == "cached"


def test_one_network_stage_by_stage(axk, tmp_path):
    outcome = axk("zoo", "max_deeplab_s_backbone", "--json", tmp_path / "card.json")
    assert outcome.code == 0
    lines = {line.split()[0] + " " + line.split()[1]: line for line in outcome.out.splitlines()
             if line.startswith(("stage", "stem"))}  # fmt: skip
    assert lines["stage 5"].split()[2:] == [
        *["16", "axial", "3", "1024", ">", "1024", ">", "2048", "8", "512/1024"],
        *["27,068,192", "237.3"],
    ]
    assert "42,788,486 parameters" in outcome.out and "534.3 GMAC" in outcome.out
    assert "Published on Cityscapes val: PQ 64.5" in outcome.out
    card = json.loads((tmp_path / "card.json").read_text())
    assert sum(part["parameters"] for part in card["parts"]) == card["parameters"] == 42_788_486


@pytest.mark.parametrize("name", [*PUBLISHED, "axial_deeplab_s", "swidernet_sac_1_1_1", "tiny"])
def test_the_parts_of_a_card_add_up(name):
    from axialkit.cli.zoo_card import card_rows
    from axialkit.config import get_preset
    from axialkit.model.cost import network_cost

    cost = network_cost(name, (1025, 2049))
    rows = card_rows(get_preset(name), cost)
    for number in ("parameters", "statistics"):
        assert sum(row[number] for row in rows) == getattr(cost.total, number)
    assert sum(row["multiply_adds_1025x2049"] for row in rows) == cost.total.multiply_adds


def test_a_wrong_name_gets_a_suggestion(axk):
    outcome = axk("zoo", "max_deeplab_s_backbon")
    assert outcome.code == 2
    assert 'Did you mean "max_deeplab_s_backbone"' in outcome.err


def test_a_narrow_terminal_gets_blocks(axk, monkeypatch):
    monkeypatch.setenv("COLUMNS", "44")
    assert "part         stem" in axk("zoo", "tiny").out.splitlines()

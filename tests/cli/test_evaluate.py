import json

import pytest
import torch

from axialkit.weights import load_model, save_weights


def test_it_prints_both_scores_and_writes_them(axk, trained, city, tmp_path):
    outcome = axk(
        "evaluate", trained, "--data", city, "--json", tmp_path / "s.json", "--out", tmp_path / "o"
    )
    assert outcome.code == 0, outcome.err
    scores = json.loads((tmp_path / "s.json").read_text())
    official, ours = scores["official_script"]["pq"], scores["crowd_official"]["pq"]
    assert official == pytest.approx(ours, abs=1e-9)
    assert scores["images"] == 4
    assert "official script" in outcome.out
    assert f"{100 * official:.1f}" in outcome.out
    assert (tmp_path / "o" / "cityscapes_panoptic_val.json").exists()
    assert len(list((tmp_path / "o").glob("cityscapes_panoptic_val/*.png"))) == 4


def test_other_weights_of_the_same_network_can_be_scored(axk, trained, city, tmp_path):
    """Weights that answer road everywhere, whatever the run has learned."""
    model = load_model(trained)
    torch.nn.init.zeros_(model.decoder.semantic.weight)
    model.decoder.semantic.bias.data = torch.eye(19)[0]
    save_weights(tmp_path / "best.safetensors", model)
    path = tmp_path / "s.json"
    words = ["evaluate", trained, "--data", city, "--weights", tmp_path / "best.safetensors"]
    outcome = axk(*words, "--json", path)
    assert outcome.code == 0, outcome.err
    rows = json.loads(path.read_text())["per_class"]
    found = {name for name, row in rows.items() if row["tp"] + row["fp"] > 0}
    assert found == {"road"}


def test_a_limit_takes_the_first_images(axk, trained, city, tmp_path):
    outcome = axk("evaluate", trained, "--data", city, "--limit", 2, "--json", tmp_path / "s.json")
    assert outcome.code == 0, outcome.err
    assert json.loads((tmp_path / "s.json").read_text())["images"] == 2


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--limit", "0"], "--limit must be at least 1 image, got 0."),
        (["--split", "vall"], 'There is no split "vall". Did you mean "val"?'),
    ],
)
def test_wrong_flags_are_one_sentence(axk, trained, city, flags, words):
    outcome = axk("evaluate", trained, "--data", city, *flags)
    assert outcome.code == 2
    assert outcome.sentence == words


def test_a_folder_that_is_no_run(axk, tmp_path):
    outcome = axk("evaluate", tmp_path)
    assert outcome.code == 2
    assert outcome.sentence == f"{tmp_path} is not a training run: it has no config.json."


def test_a_preset_without_weights_says_how_to_get_some(axk):
    outcome = axk("evaluate", "tiny_conv")
    assert outcome.code == 2
    assert "Train it with: axialkit train tiny_conv" in outcome.sentence

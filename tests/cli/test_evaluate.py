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
    official, ours = scores["official"]["pq"], scores["own"]["pq"]
    assert official == pytest.approx(ours, abs=1e-9)
    assert scores["images"] == 4
    assert "official (their scripts)" in outcome.out
    assert f"{100 * official:.1f}" in outcome.out
    assert (tmp_path / "o" / "cityscapes_panoptic_val.json").exists()
    assert len(list((tmp_path / "o").glob("cityscapes_panoptic_val/*.png"))) == 4


def test_everything_is_kept_and_gone_on_with(axk, trained, city, tmp_path):
    words = ["evaluate", trained, "--data", city, "--out", tmp_path / "o", "--processes", 2]
    outcome = axk(*words, "--report", tmp_path / "r.html", "--csv", tmp_path / "s.csv")
    assert outcome.code == 0, outcome.err
    out = tmp_path / "o"
    assert (out / "report.html").read_text() == (tmp_path / "r.html").read_text()
    assert (out / "scores.csv").read_text() == (tmp_path / "s.csv").read_text()
    first = json.loads((out / "scores.json").read_text())
    kept = {path: path.stat().st_mtime_ns for path in (out / "images").iterdir()}
    assert len(kept) == 4
    assert axk(*words).code == 0
    assert {path: path.stat().st_mtime_ns for path in (out / "images").iterdir()} == kept
    again = json.loads((out / "scores.json").read_text())
    assert {**again, "seconds": 0} == {**first, "seconds": 0}
    refused = axk("evaluate", trained, "--data", city, "--out", out, "--flip")
    assert refused.code == 2
    assert "holds other results: they differ in flip" in refused.sentence
    assert "4 of 4 images were scored before, and are kept." in axk(*words).out


def test_a_folder_of_predictions_scores_like_the_network_that_wrote_them(axk, city, tmp_path):
    out = tmp_path / "o"
    assert axk("evaluate", "tiny_avenue", "--data", city, "--out", out).code == 0
    network = json.loads((out / "scores.json").read_text())
    path, semantic = tmp_path / "s.json", out / "semantic"
    outcome = axk("evaluate", out, "--data", city, "--semantic", semantic, "--json", path)
    assert outcome.code == 0, outcome.err
    files = json.loads(path.read_text())
    assert network["own"]["pq"] > 0.5
    for column in ("own", "official", "reference"):
        for group in ("things", "stuff"):
            assert files[column].pop(group) == pytest.approx(network[column].pop(group), abs=1e-9)
        assert files[column] == pytest.approx(network[column], abs=1e-9)
    assert axk("evaluate", out).sentence.endswith("are for with --data ROOT.")
    bare = axk("evaluate", out / "cityscapes_panoptic_val", "--data", city)
    assert bare.code == 0
    assert "No mIoU: panoptic maps have no class where they are void" in bare.out
    flipped = axk("evaluate", out, "--data", city, "--flip")
    assert flipped.sentence == f"--flip is for networks, and {out} holds predictions."
    taken = axk("evaluate", out, "--data", city, "--out", out)
    assert taken.code == 2


def test_averaged_passes_change_the_answer(axk, trained, city, tmp_path):
    words = ["evaluate", trained, "--data", city, "--limit", 2, "--skip-official", "--json"]
    assert axk(*words, tmp_path / "a.json").code == 0
    assert axk(*words, tmp_path / "b.json", "--flip", "--scales", 0.5, 1.0).code == 0
    one, two = (json.loads((tmp_path / f"{n}.json").read_text()) for n in "ab")
    assert one["confusion"] != two["confusion"]
    assert one["notes"]["official ap"] == "not asked for."
    outcome = axk(*words, tmp_path / "c.json", "--scales", 0)
    told = "scales must be positive numbers up to 4, such as 0.75 1 1.25, got 0."
    assert outcome.sentence == told
    for command in ("predict", "submission"):
        words = [command, trained, *(["x.png"] if command == "predict" else [])]
        assert axk(*words, "--scales", 0).sentence == told


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
        (["--report", "/"], "--report: / is a folder; name a file."),
        (["--processes", "0"], "--processes must be at least 1, got 0."),
        (["--oracle-images", "-1"], "--oracle-images must be 0 or more, got -1."),
        (
            ["--semantic", "."],
            "--semantic belongs to a folder of predictions; a network has its own.",
        ),
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
    assert outcome.sentence == (
        f"{tmp_path} is not a training run: it has no config.json. Nor is it a folder of "
        "predictions: it holds no PNG."
    )


def test_a_preset_without_weights_says_how_to_get_some(axk):
    outcome = axk("evaluate", "tiny_conv")
    assert outcome.code == 2
    assert "Train it with: axialkit train tiny_conv" in outcome.sentence

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from axialkit.config import (
    OFFICIAL,
    PRESETS,
    DataConfig,
    LossConfig,
    TrainConfig,
    from_dict,
    get_preset,
    to_dict,
)
from axialkit.errors import InputError


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_json(name):
    assert from_dict(json.loads(json.dumps(to_dict(PRESETS[name])))) == PRESETS[name]


def test_the_official_recipe_is_the_published_one():
    assert OFFICIAL.data.crop_size == (1025, 2049)
    train = OFFICIAL.train
    assert (train.steps, train.batch_size, train.learning_rate) == (60_000, 32, 1e-4)
    assert (train.optimizer, train.schedule, train.weight_decay) == ("adam", "poly", 0.0)
    loss = OFFICIAL.loss
    assert (loss.semantic, loss.center, loss.offset, loss.top_k) == (1.0, 200.0, 0.01, 0.2)
    post = OFFICIAL.postprocess
    assert (post.center_threshold, post.nms_kernel, post.stuff_area_limit) == (0.1, 13, 2048)
    assert PRESETS["axial_swidernet_1_1_4.5"].train.learning_rate == 7.5e-5


def test_missing_fields_keep_their_defaults():
    assert from_dict({"train": {"steps": 7}}).train == TrainConfig(steps=7)


def test_misspelled_fields_get_a_suggestion():
    with pytest.raises(InputError, match='no field "stepz". Did you mean "steps"'):
        from_dict({"train": {"stepz": 7}})
    with pytest.raises(InputError, match='no preset "tinny". Did you mean "tiny"'):
        get_preset("tinny")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: DataConfig(crop_size=(100, 200)), r"got \(100, 200\); .* is \(113, 209\)"),
        (lambda: DataConfig(crop_size=(1, 129)), r"the next larger one is \(17, 129\)"),
        (lambda: DataConfig(scale_range=(2.0, 1.0)), r"0 < low <= high, got \(2.0, 1.0\)"),
        (lambda: DataConfig(sigma=0.0), "sigma must be positive, got 0.0"),
        (lambda: LossConfig(top_k=0.0), "top_k must lie in"),
        (lambda: LossConfig(stride=3), "stride must be 1, 2 or 4, got 3"),
        (lambda: TrainConfig(steps=0), "steps must be positive, got 0"),
        (lambda: TrainConfig(warmup=1.0), "warmup must lie in"),
    ],
)  # fmt: skip
def test_impossible_values_are_refused(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()


def test_configurations_never_change():
    with pytest.raises(FrozenInstanceError):
        OFFICIAL.train.steps = 1
    assert replace(OFFICIAL, num_classes=2).num_classes == 2
    assert OFFICIAL.num_classes == 19

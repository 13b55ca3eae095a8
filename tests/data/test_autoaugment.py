import json

import numpy as np
import pytest

from axialkit.config import DataConfig
from axialkit.data.augment import Draws, apply, crop, pad_to
from axialkit.data.autoaugment import (
    Operation,
    apply_operation,
    blend,
    draw_operations,
    fired,
    grey,
    reach,
    recolor,
)
from axialkit.data.resize import Window, resize_image
from tests.conftest import GOLDEN, golden_cases

OPERATIONS = golden_cases("data/autoaugment_ops*.npz")
ALWAYS = (0.99999, 0.99999)


def picture(height=41, width=60):
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("path", OPERATIONS, ids=lambda path: path.stem)
def test_operations_equal_the_reference(path, load_golden):
    arrays = load_golden(path)
    results = [name for name in arrays if name.count("__") == 2]
    assert len({name.split("__")[1] for name in results}) == 9
    for name in results:
        image, operation, level = name.split("__")
        ours = apply_operation(arrays[f"img_{image}"], Operation(operation, float(level)))
        np.testing.assert_array_equal(ours, arrays[name], err_msg=name)


def test_grey_equals_the_reference(load_golden):
    arrays = load_golden("data/grayscale.npz")
    np.testing.assert_array_equal(grey(arrays["rgb"]), arrays["gray"])


# the parsed policy of the reference: name, probability, argument (factor or threshold)
REFERENCE = [
    [("Sharpness", 0.4, 0.352), ("Brightness", 0.2, 0.46)],
    [("Equalize", 0.0, None), ("Contrast", 0.2, 0.46)],
    [("Sharpness", 0.2, 0.424), ("Color", 0.2, 0.424)],
    [("Solarize", 0.2, 35), ("Equalize", 0.6, None)],
    [("Sharpness", 0.2, 0.136), ("Equalize", 0.2, None)],
]


def argument(operation):
    if operation.name == "Equalize":
        return None
    if operation.name == "Solarize":
        return int(operation.level / 10 * 256)
    return pytest.approx(operation.level / 10 * 1.8 + 0.1)


def test_the_policy_is_the_published_one():
    path = GOLDEN / "data/meta.json"
    policy = json.loads(path.read_text())["policy_args"] if path.is_file() else None
    for number, pair in enumerate(REFERENCE):
        operations = fired(number, ALWAYS)
        assert [argument(operation) for operation in operations] == [
            level for _, probability, level in pair if probability
        ]
        if policy is not None:
            parsed = [(n, p, a[0] if a else None) for n, p, a in policy[number]]
            assert [(n, p, pytest.approx(a) if a else a) for n, p, a in pair] == parsed


def test_operations_fire_as_often_as_the_policy_says():
    generator = np.random.default_rng(0)
    count = 20_000
    names = [op.name for _ in range(count) for op in draw_operations(generator)]
    for name, probability in {
        "Sharpness": (0.4 + 0.2 + 0.2) / 5,
        "Equalize": (0.0 + 0.6 + 0.2) / 5,
        "Brightness": 0.2 / 5,
        "Contrast": 0.2 / 5,
        "Color": 0.2 / 5,
        "Solarize": 0.2 / 5,
    }.items():
        assert names.count(name) / count == pytest.approx(probability, abs=0.01), name


def test_an_operation_fires_from_its_share_of_the_draws_on():
    assert fired(0, (0.61, 0.0)) == fired(0, (0.9, 0.5)) != fired(0, (0.59, 0.0))
    assert fired(1, (0.99999, 0.0)) == ()


@pytest.mark.parametrize("pair", range(5))
def test_fixed_levels_act_less_than_the_listed_ones(pair):
    """0.2 of the way from the identity to the policy's own level."""
    listed = {"Sharpness": (7, 9, 1), "Brightness": (10,), "Contrast": (10,), "Color": (9,)}
    for operation in fired(pair, ALWAYS, "fixed"):
        if operation.name in listed:
            assert any(
                operation.level == pytest.approx(5 + 0.2 * (level - 5))
                for level in listed[operation.name]
            )
        elif operation.name == "Solarize":
            assert operation.level == pytest.approx(9.4)


def test_fixed_contrast_turns_around_the_mean_grey():
    image = picture() // 4 + 90
    flat = apply_operation(image, Operation("Contrast", -10 / 18), "fixed")  # factor 0
    assert (flat == int(grey(image).mean())).all()
    white = apply_operation(picture(256, 256), Operation("Contrast", -10 / 18))
    assert (white == 255).all()  # the reference's "mean" counts pixels


def test_the_reference_truncates_even_if_nothing_fires():
    image = picture() + np.float32(0.7)
    np.testing.assert_array_equal(recolor(image, ()), np.floor(image))
    assert recolor(image, (), "fixed") is image


@pytest.mark.parametrize("factor", [-0.3, 0.0, 0.4, 1.0, 1.7])
def test_blend(factor):
    low, high = picture(), picture()[::-1]
    exact = low + factor * (high.astype(np.float64) - low)
    difference = np.clip(exact, 0, 255) - blend(low, high, factor)
    assert difference.min() > -1e-4
    assert difference.max() < 1 + 1e-4


@pytest.mark.parametrize("name", ["Sharpness", "Color", "Equalize", "Solarize", "Contrast"])
@pytest.mark.parametrize("corner", [(0, 0), (13, 21), (29, 54)])
def test_colors_change_before_the_crop(name, corner):
    """Though only the crop is computed, with what it depends on."""
    config = DataConfig(crop_size=(33, 33))
    image, label = picture(50, 70), np.zeros((50, 70), np.int32)
    operation = Operation(name, 1.4)
    draws = Draws(1.25, (operation,), (0, 0), corner, False)
    result, _ = apply(image, label, draws, config)
    whole = recolor(resize_image(image, (62, 87)), (operation,))
    np.testing.assert_array_equal(result, crop(whole, Window(*corner, 33, 33)))


def test_reach():
    sharpness, color, equalize, contrast = map(
        Operation, ("Sharpness", "Color", "Equalize", "Contrast")
    )
    assert reach(()) == reach((color,)) == reach((contrast,)) == 0
    assert reach((sharpness, color)) == 1
    assert reach((sharpness, equalize)) is reach((contrast,), "fixed") is None


def test_padding_keeps_its_grey():
    config = DataConfig(crop_size=(65, 97))
    draws = Draws(1.0, (Operation("Solarize", 1.4),), (5, 7), (0, 0), False)
    result, _ = apply(picture(), np.zeros((41, 60), np.int32), draws, config)
    changed = apply_operation(picture(), Operation("Solarize", 1.4)).astype(np.float32)
    np.testing.assert_array_equal(result, pad_to(changed, (65, 97), 127.5, (5, 7)))

from dataclasses import replace

import numpy as np
import pytest

from axialkit.config import DataConfig
from axialkit.data.augment import (
    GREY,
    Draws,
    apply,
    augment,
    crop,
    draw,
    draw_scale,
    fit,
    fit_size,
    flip,
    pad_to,
    scale_values,
)
from axialkit.data.autoaugment import fired
from axialkit.data.resize import Window, resize_image, resize_label
from axialkit.data.targets import panoptic_targets
from axialkit.structures import VOID
from tests.conftest import golden_cases

AUGMENTED = golden_cases("data/augment_*.npz")
SCALED = "data/resize_scales.npz"
CONFIG = DataConfig(crop_size=(33, 65), autoaugment="none")


def pair(height, width, seed=0):
    random = np.random.default_rng(seed)
    image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return image, random.integers(0, 19, (height, width), dtype=np.int32) * 1000


def crop_of(arrays):
    return tuple(int(side) for side in arrays["in_crop"])


def draws_of(arrays):
    colors = ()
    if arrays["in_policy_on"]:
        chances = float(arrays["draw_u_op1"]), float(arrays["draw_u_op2"])
        colors = fired(int(arrays["draw_policy"]), chances)
    return Draws(
        scale=float(arrays["in_scale"]),
        colors=colors,
        pad=(int(arrays["draw_pad_y"]), int(arrays["draw_pad_x"])),
        crop=(int(arrays["draw_crop_y"]), int(arrays["draw_crop_x"])),
        flip=bool(arrays["draw_u_flip"] <= 0.5),
    )


def config_of(arrays):
    return DataConfig(
        crop_size=crop_of(arrays),
        autoaugment="reference" if arrays["in_policy_on"] else "none",
        sigma=float(arrays["in_sigma"]),
        small_instance_area=int(arrays["in_threshold"]),
        small_instance_weight=float(arrays["in_weight"]),
    )


@pytest.mark.parametrize("path", AUGMENTED, ids=lambda path: path.stem)
def test_drawn_pictures_and_targets_equal_the_reference(path, load_golden):
    arrays = load_golden(path)
    config = config_of(arrays)
    image, label = apply(arrays["in_image"], arrays["in_label"], draws_of(arrays), config)
    np.testing.assert_array_equal(label, arrays["out_panoptic_gt"])
    tolerance = 0 if arrays["in_policy_on"] else 2e-4  # with a policy, whole numbers
    np.testing.assert_allclose(image, arrays["out_image"], rtol=0, atol=tolerance)
    targets = panoptic_targets(np.ascontiguousarray(label), config)
    exact = {
        "out_semantic_gt": targets.semantic,
        "out_semantic_loss_weight": targets.semantic_weight,
        "out_center_loss_weight": targets.center_weight,
        "out_regression_loss_weight": targets.offset_weight,
        "out_instance_regression_gt": targets.offset.permute(1, 2, 0),
    }
    for name, ours in exact.items():
        np.testing.assert_array_equal(ours.numpy(), arrays[name], err_msg=name)
    expected = arrays["out_instance_center_gt"]
    np.testing.assert_allclose(targets.center.numpy(), expected, rtol=0, atol=1e-6)


class Recorder(np.random.Generator):
    """Draws nothing; keeps the ranges [low, high) that it is asked for."""

    def __init__(self, scale):
        super().__init__(np.random.PCG64())
        self.scale = scale
        self.ranges = []

    def choice(self, values):
        return values[np.abs(values - self.scale).argmin()]

    def integers(self, low, high):
        self.ranges.append((low, high))
        return low

    def random(self, count=None):
        return 0.5 if count is None else np.full(count, 0.5)


@pytest.mark.parametrize("path", AUGMENTED, ids=lambda path: path.stem)
def test_ranges_of_the_draws_equal_the_reference(path, load_golden):
    arrays = load_golden(path)
    recorder = Recorder(float(arrays["in_scale"]))
    config = replace(DataConfig(), crop_size=crop_of(arrays), autoaugment="none")
    drawn = draw(arrays["in_label"].shape, config, recorder)
    assert drawn.scale == float(arrays["in_scale"])
    names = ("range_pad_y", "range_pad_x", "range_crop_y", "range_crop_x")
    assert recorder.ranges == [tuple(arrays[name]) for name in names]
    assert drawn.flip  # u = 0.5 still mirrors


@pytest.mark.parametrize("path", golden_cases("data/targets_*.npz"), ids=lambda path: path.stem)
def test_whole_images_equal_the_reference(path, load_golden):
    arrays = load_golden(path)
    image, label = fit(arrays["in_image"], arrays["in_label"], crop_of(arrays))
    np.testing.assert_array_equal(label, arrays["out_panoptic_gt"])
    np.testing.assert_allclose(image, arrays["out_image"], rtol=0, atol=2e-4)


def test_scales_equal_the_reference(load_golden):
    scales = load_golden(SCALED)["scales"]
    np.testing.assert_array_equal(scale_values(0.5, 2.0, 0.1), scales)
    drawn = {draw_scale(CONFIG, np.random.default_rng(seed)) for seed in range(300)}
    assert drawn == set(scales.tolist())


def test_the_scales_that_were_meant():
    np.testing.assert_allclose(scale_values(0.5, 2.0, 0.0999), np.arange(5, 21) / 10, rtol=1e-6)


def test_step_zero_draws_every_value_of_the_range():
    config = replace(CONFIG, scale_range=(0.8, 1.2), scale_step=0.0)
    drawn = [draw_scale(config, np.random.default_rng(seed)) for seed in range(300)]
    assert len(set(drawn)) == 300
    assert 0.8 <= min(drawn) < 0.82
    assert 1.18 < max(drawn) <= 1.2


def test_range_of_one_value_changes_nothing():
    config = replace(CONFIG, scale_range=(1.0, 1.0), flip=False)
    image, label = pair(33, 65)
    new_image, new_label = augment(image, label, config, np.random.default_rng(0))
    np.testing.assert_array_equal(new_image, image)
    np.testing.assert_array_equal(new_label, label)


@pytest.mark.parametrize("scale_range", [(0.5, 0.5), (0.5, 2.0), (2.0, 2.0)])
@pytest.mark.parametrize("size", [(32, 64), (20, 90), (70, 30)])
def test_image_and_label_stay_together(scale_range, size):
    """An image that shows its label's blocks still shows them wherever no pixels were blended."""
    config = replace(CONFIG, scale_range=scale_range)
    klass = np.random.default_rng(1).integers(0, 19, (size[0] // 5, size[1] // 5)).repeat(5, 0)
    klass = klass.repeat(5, 1).astype(np.int32)
    image = np.repeat((klass * 10).astype(np.uint8)[..., None], 3, axis=-1)
    for seed in range(5):
        pixels, label = augment(image, klass * 1000, config, np.random.default_rng(seed))
        assert pixels.shape == (33, 65, 3)
        assert label.shape == (33, 65)
        assert (pixels[label == VOID] == GREY).all()
        shown = pixels[label != VOID][:, 0]
        same = np.abs(shown - label[label != VOID] / 100) < 1e-3
        assert same.mean() > 0.25  # a block of 5 has 1 unblended pixel or more, at the least scale


def test_same_generator_same_sample():
    image, label = pair(40, 70)
    one, other, third = (augment(image, label, CONFIG, np.random.default_rng(s)) for s in (3, 3, 4))
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])
    assert not np.array_equal(one[0], third[0])


def test_flip_can_be_switched_off():
    config = replace(CONFIG, flip=False)
    assert not any(draw((40, 70), config, np.random.default_rng(seed)).flip for seed in range(50))


@pytest.mark.parametrize(
    ("size", "crop_size", "expected"),
    [
        ((1024, 2048), (1025, 2049), (1024, 2048)),  # smaller images are never enlarged
        ((256, 512), (129, 257), (128, 257)),
        ((1000, 100), (129, 257), (129, 12)),
        ((9000, 20), (17, 17), (17, 1)),
    ],
)
def test_fit_size(size, crop_size, expected):
    assert fit_size(size, crop_size) == expected


def test_padding_surrounds_and_cropping_undoes_it():
    image, label = pair(5, 7)
    padded = pad_to(image.astype(np.float32), (9, 12), GREY, (3, 2))
    assert padded.shape == (9, 12, 3)
    assert padded.sum() == image.sum() + GREY * (9 * 12 - 5 * 7) * 3
    np.testing.assert_array_equal(crop(padded, Window(3, 2, 5, 7)), image)
    np.testing.assert_array_equal(pad_to(label, (4, 9), VOID)[:, 7:], np.full((5, 2), VOID))


def test_flip_mirrors_left_and_right():
    assert flip(np.array([[1, 2, 3], [4, 5, 6]])).tolist() == [[3, 2, 1], [6, 5, 4]]


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 1)])
def test_resizing_to_one_pixel_takes_the_first(size):
    image, label = pair(5, 7)
    np.testing.assert_array_equal(resize_label(label, size)[0, 0], label[0, 0])
    np.testing.assert_array_equal(resize_image(image, size)[0, 0], image[0, 0])

"""Inference with fake networks whose answers are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from axialkit.config import ExperimentConfig, PostprocessConfig
from axialkit.data.augment import GREY
from axialkit.data.resize import resize_image, resize_label
from axialkit.errors import InputError
from axialkit.inference import evaluating, fit_image, segment, segment_batch
from axialkit.structures import VOID, Prediction

CONFIG = ExperimentConfig(postprocess=PostprocessConfig(nms_kernel=3, stuff_area_limit=1))
CONFIG = replace(CONFIG, data=replace(CONFIG.data, crop_size=(33, 65)))


class RedIsClass(nn.Module):
    """Answers class = red // 10 (2 for the padding), centers where green > 200, no offsets."""

    def __init__(self):
        super().__init__()
        self.seen = None
        self.was_training = None
        self.dropout = nn.Dropout()

    def forward(self, images, stride=1):
        self.seen, self.was_training = images, self.training or self.dropout.training
        classes = torch.where(images[:, 0] == GREY, 2, (images[:, 0] / 10).long()).clamp(0, 18)
        logits = 9.0 * nn.functional.one_hot(classes, 19).permute(0, 3, 1, 2)
        heat = (images[:, 1:2] > 200).float()
        return Prediction(logits, heat, torch.zeros_like(images[:, :2]))


def picture(height, width, klass=0):
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = klass * 10 + 5
    return image


def test_all_maps_have_the_image_size_and_the_padding_is_gone():
    image = picture(20, 40)
    image[:, 25:, 0] = 135  # class 13, a thing
    image[4, 30, 1] = 255
    result = segment(RedIsClass(), image, CONFIG)
    truth = np.where(np.arange(40) < 25, 0, 13001) * np.ones((20, 1), int)
    np.testing.assert_array_equal(result.panoptic, truth)
    assert result.semantic.shape == result.instance.shape == result.confidence.shape == (20, 40)
    assert result.centers.tolist() == [[4, 30]]


def test_the_network_sees_grey_below_and_right():
    model = RedIsClass()
    segment(model, picture(20, 40), CONFIG)
    assert model.seen.shape == (1, 3, 33, 65)
    assert (model.seen[0, :, 20:] == GREY).all()
    assert (model.seen[0, :, :, 40:] == GREY).all()
    assert (model.seen[0, 0, :20, :40] == 5).all()


def test_padding_takes_part_in_area_counts():
    """The reference cuts after post-processing; the padding is class 2 here, like the picture."""
    image, crop_area = picture(20, 40, klass=2), 33 * 65
    for limit, expected in ((crop_area, 2000), (crop_area + 1, VOID)):
        config = replace(CONFIG, postprocess=PostprocessConfig(stuff_area_limit=limit))
        assert (segment(RedIsClass(), image, config).panoptic == expected).all()


def test_large_images_are_shrunk_and_the_answer_resized_by_the_nearest_corner_aligned_pixel():
    image = picture(66, 131)
    image[:, 70:, 0] = 105
    result = segment(RedIsClass(), image, CONFIG)
    assert result.panoptic.shape == (66, 131)
    fitted = fit_image(image, CONFIG.data.crop_size)[0].numpy()  # factor 65 / 131
    assert (fitted[32:] == GREY).all()
    small = (fitted[:32] / 10).astype(int)
    rows = np.floor(np.arange(66) * 31 / 65 + 0.5).astype(int)
    columns = np.floor(np.arange(131) * 64 / 130 + 0.5).astype(int)
    np.testing.assert_array_equal(result.semantic, small[rows][:, columns])


def test_resizing_back_equals_the_reference(load_golden):
    golden = load_golden("vis/undo_preprocessing.npz")
    cut = golden["panoptic"][tuple(slice(0, side) for side in golden["crop"])]
    np.testing.assert_array_equal(cut, golden["same_panoptic"])
    restored = resize_label(cut, tuple(golden["up_size"].tolist()))
    np.testing.assert_array_equal(restored, golden["up_panoptic"])
    cut = golden["probs"][tuple(slice(0, side) for side in golden["crop"])]
    np.testing.assert_array_equal(cut, golden["same_probs"])
    restored = resize_image(cut, tuple(golden["up_size"].tolist()))
    np.testing.assert_allclose(restored, golden["up_probs"], atol=2e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1)])
def test_any_shape_of_picture_is_answered(size):
    result = segment(RedIsClass(), picture(*size, klass=3), CONFIG)
    np.testing.assert_array_equal(result.panoptic, np.full(size, 3000))


def test_centers_grow_with_the_answer():
    image = picture(65, 129, klass=13)
    image[-3:, -3:, 1] = 255
    result = segment(RedIsClass(), image, CONFIG)
    assert result.centers.tolist()[-1] == [64, 128]
    assert (result.instance > 0).all()


def test_a_center_in_the_padding_lands_on_the_border():
    class CenterInCorner(RedIsClass):
        def forward(self, images, stride=1):
            prediction = super().forward(images)
            prediction.center[..., -1, -1] = 1
            return prediction

    result = segment(CenterInCorner(), picture(20, 40, klass=13), CONFIG)
    assert result.centers.tolist() == [[19, 39]]
    assert (result.panoptic == 13001).all()


def test_things_without_any_center_are_void():
    assert (segment(RedIsClass(), picture(9, 9, klass=15), CONFIG).panoptic == VOID).all()


def test_a_batch_of_different_sizes_equals_single_images():
    generator = np.random.default_rng(0)
    images = [
        generator.integers(0, 256, (*size, 3), np.uint8) for size in ((33, 65), (12, 50), (70, 80))
    ]
    for one, image in zip(segment_batch(RedIsClass(), images, CONFIG), images, strict=True):
        alone = segment(RedIsClass(), image, CONFIG)
        for ours, theirs in zip(one, alone, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_the_model_runs_in_evaluation_mode_and_every_part_returns_to_its_own():
    model = RedIsClass().train()
    model.dropout.eval()
    segment(model, picture(9, 9), CONFIG)
    assert model.was_training is False
    assert model.training
    assert not model.dropout.training


def test_modes_return_after_an_error():
    model = RedIsClass().train()
    with pytest.raises(RuntimeError), evaluating(model):
        assert not torch.is_grad_enabled()
        raise RuntimeError
    assert model.training
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((9, 9), np.uint8),
        np.zeros((9, 9, 4), np.uint8),
        np.zeros((9, 9, 3), np.float32),
        np.zeros((3, 9, 9), np.uint8),
        np.zeros((0, 9, 3), np.uint8),
    ],
    ids=["grey", "rgba", "float", "channels first", "empty"],
)
def test_what_is_not_an_image_is_refused(image):
    with pytest.raises(InputError, match=r"uint8 array of shape \[height, width, 3\], got"):
        segment(RedIsClass(), image, CONFIG)

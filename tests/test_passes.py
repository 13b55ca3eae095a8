"""Averaged passes against the reference's arrays, and against what symmetry demands."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from axialkit.config import Passes, get_preset
from axialkit.errors import InputError
from axialkit.inference import InferenceOptions, segment
from axialkit.model import build_model
from axialkit.passes import average, predict_in_passes, restore, scaled
from axialkit.structures import Prediction

SCALES = (0.5, 1.0, 1.5)
SIZE = (65, 97)
HEADS = ("semantic_logits", "center_heatmap", "offset_map")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build_model(get_preset("tiny").backbone.kind).eval()


def heads(golden, prefix):
    arrays = (golden[f"{prefix}_{name}"] for name in HEADS)
    return Prediction(*(torch.from_numpy(a).permute(2, 0, 1)[None] for a in arrays))


def test_passes_equal_the_reference(load_golden):
    golden = load_golden("vis/flip_multiscale_65x97.npz")
    restored = {
        (scale, flip): restore(heads(golden, f"in_s{scale}_flip{flip}"), SIZE, mirrored=bool(flip))
        for scale in SCALES
        for flip in (0, 1)
    }
    mean = average(list(restored.values()))
    probabilities = torch.from_numpy(golden["mean_semantic_probs"]).permute(2, 0, 1)[None]
    torch.testing.assert_close(mean.semantic.softmax(1), probabilities, atol=2e-6, rtol=0)
    for ours, name in ((mean.center, "mean_center_heatmap"), (mean.offset, "mean_offset_map")):
        expected = torch.from_numpy(golden[name]).permute(2, 0, 1)[None]
        torch.testing.assert_close(ours, expected, atol=2e-6, rtol=2e-6)
    for scale in SCALES:
        assert scaled(SIZE, scale) == tuple(golden[f"scaled_image_size_{scale}"])


def test_mirrored_images_get_the_mirrored_answer(network):
    """With the flip, exactly; without it, no network is symmetric."""
    images = torch.rand(1, 3, 65, 97) * 255
    with torch.inference_mode():
        for passes, symmetric in ((Passes(flip=True), True), (Passes(scales=(0.5, 1.0)), False)):
            one = predict_in_passes(network, images, passes)
            other = predict_in_passes(network, images.flip(-1), passes)
            difference = (one.semantic.softmax(1) - other.semantic.flip(-1).softmax(1)).abs().max()
            assert bool(difference < 1e-5) == symmetric
            turned = other.offset.flip(-1) * torch.tensor([1.0, -1.0])[:, None, None]
            assert torch.allclose(one.offset, turned, atol=1e-3) == symmetric


def test_a_single_pass_is_the_network_itself(network):
    images = torch.rand(1, 3, 65, 97) * 255
    with torch.inference_mode():
        alone = network(images)
        for ours, theirs in zip(predict_in_passes(network, images, Passes()), alone, strict=True):
            torch.testing.assert_close(ours, theirs, atol=0, rtol=0)
        averaged = average([alone])
        torch.testing.assert_close(averaged.semantic.softmax(1), alone.semantic.softmax(1))


@pytest.mark.parametrize("scales", [(), (1.0, 0.0), (-0.5,), (30.0,)])
def test_impossible_scales_are_refused(scales):
    with pytest.raises(InputError, match="scales must be positive"):
        Passes(scales=scales)


def test_full_size_shows_the_network_the_whole_image(network):
    seen = []
    hook = network.register_forward_pre_hook(lambda _, images: seen.append(images[0].shape[-2:]))
    config = get_preset("tiny")
    config = replace(config, data=replace(config.data, crop_size=(33, 65)))
    image = np.random.default_rng(0).integers(0, 256, (70, 40, 3), np.uint8)
    sizes = [
        segment(network, image, config, InferenceOptions(full_size=full)).panoptic.shape
        for full in (False, True)
    ]
    hook.remove()
    assert sizes == [(70, 40)] * 2
    assert seen == [(33, 65), (81, 49)]

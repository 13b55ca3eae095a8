"""Lesson 08's readable functions give what training and inference compute."""

import numpy as np
import pytest
import torch

from axialkit import losses, postprocess
from axialkit.config import PRESETS
from axialkit.course import things, things_figures
from axialkit.data import minicity
from axialkit.data.targets import center_heatmap, find_instances, panoptic_targets

CONFIG = PRESETS["tiny"]


@pytest.fixture(scope="module", params=[5, 96])
def ids(request: pytest.FixtureRequest) -> np.ndarray:
    return things_figures.instance_numbers(minicity.scene(request.param))


def heads(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Classes, heat in steps of 1/32 and offsets in steps of 1/2, so that ties occur."""
    random = torch.Generator().manual_seed(seed)
    classes = torch.randint(0, 19, (15, 22), generator=random)
    heat = torch.randint(0, 33, (15, 22), generator=random) / 32
    return classes, heat, torch.randint(-12, 13, (2, 15, 22), generator=random) / 2


def test_targets_are_those_of_training(ids):
    label = np.where(ids > 0, 11000 + ids, 0).astype(np.int32)
    targets = panoptic_targets(label, CONFIG.data)
    assert torch.equal(things.center_offsets(torch.from_numpy(ids)), targets.offset)
    assert torch.allclose(things.center_heatmap(torch.from_numpy(ids), 2), targets.center)


@pytest.mark.parametrize("sigma", [1, 8])
def test_spots_are_as_wide_as_those_of_training(ids, sigma):
    centers = find_instances(np.where(ids > 0, 11000 + ids, 0).astype(np.int32)).center
    expected = torch.from_numpy(center_heatmap(centers, ids.shape, float(sigma)))
    assert torch.allclose(things.center_heatmap(torch.from_numpy(ids), sigma), expected)


@pytest.mark.parametrize("share", [0.03, 0.2, 1.0])
def test_the_loss_is_that_of_training(share):
    random = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(7, 9, 14, generator=random)
    y = torch.randint(0, 7, (9, 14), generator=random)
    y[torch.rand(9, 14, generator=random) < 0.3] = 255
    weight = 1 + 2 * (torch.rand(9, 14, generator=random) < 0.5).float()
    error = losses.semantic_error(logits[None], y[None]) * weight
    expected = losses.mean_of_nonzero(losses.hardest(error, share))[0]
    assert torch.allclose(things.hard_pixel_ce(logits, y, weight, share), expected)


@pytest.mark.parametrize("seed", range(3))
def test_centers_groups_and_labels_are_those_of_inference(seed):
    classes, heat, offsets = heads(seed)
    peaks = postprocess.suppress_neighbors(heat.numpy(), 0.5, 5)
    for keep in (400, 3):
        centers = things.find_centers(heat, 0.5, 5, keep)
        assert np.array_equal(centers.numpy(), postprocess.find_centers(peaks, keep)[0])
        is_thing = classes >= 11
        groups = torch.where(is_thing, things.group_pixels(centers, offsets), 0)
        expected = postprocess.group_pixels(centers.numpy(), offsets.numpy(), is_thing.numpy())
        assert np.array_equal(groups.numpy(), expected)
        labels = things.merge(classes, groups, 15)
        assert np.array_equal(labels.numpy(), postprocess.merge(classes.numpy(), expected, 15))

"""Mirroring and cropping against targets that are computed from mirrored and cropped labels."""

import numpy as np
import pytest
import torch

from axialkit.config import get_preset
from axialkit.course.ceiling import counts_of, finish, perfect_heads, scores_of
from axialkit.course.random_samples import flip_sample, random_scale_crop
from axialkit.course.street_figures import mirror_costs, sample_parts
from axialkit.course.streets import draw_streets
from axialkit.data.cityscapes import panoptic_label
from axialkit.data.minicity import scene
from axialkit.data.targets import panoptic_targets

CONFIG = get_preset("tiny_avenue_1block")


def test_mirrored_targets_are_those_of_the_mirrored_labels() -> None:
    """But for centers, whose means are rounded to even numbers from the other side."""
    drawn = scene(4, scenes="avenue")
    label = panoptic_label(drawn.instance_ids)
    before, after = (panoptic_targets(x, CONFIG.data) for x in (label, label[:, ::-1].copy()))
    image = torch.from_numpy(drawn.image).permute(2, 0, 1)
    got = flip_sample(image, before.semantic, before.center, before.offset)
    np.testing.assert_array_equal(got[0].permute(1, 2, 0).numpy(), drawn.image[:, ::-1])
    assert torch.equal(got[1], after.semantic)
    assert (got[3] - after.offset).abs().max() <= 1
    assert torch.equal(got[3][0], after.offset[0])


def test_the_forgotten_sign_costs_what_the_lesson_says() -> None:
    scenes = draw_streets(CONFIG, 12, split="val").scenes
    right, wrong = mirror_costs(scenes, CONFIG)
    assert right > 0.99
    assert 0.03 < wrong < 0.14  # "from 100 to below 10", of more scenes than these
    counts = sum(counts_of(finish(perfect_heads(s, CONFIG), s, CONFIG).panoptic, s) for s in scenes)
    assert scores_of(counts).things.pq > 0.99


@pytest.mark.parametrize(("scale", "top", "left"), [(1.0, 0, 0), (1.0, 7, 30), (2.0, 20, 90)])
def test_crops_of_whole_scales_are_slices(scale: float, top: int, left: int) -> None:
    image, semantic, ids = sample_parts(scene(2, scenes="avenue"))
    crop = random_scale_crop(image, semantic, ids, (scale, top, left), (20, 25))
    large = [x.repeat_interleave(int(scale), -1).repeat_interleave(int(scale), -2) for x in
             (image, semantic, ids)]  # fmt: skip
    part = (..., slice(top, top + 20), slice(left, left + 25))
    assert torch.equal(crop[1], large[1][part])
    if scale == 1:
        assert torch.equal(crop[0], large[0][part])
    numbers = crop[2].unique().tolist()
    assert numbers == list(range(numbers[0], numbers[-1] + 1)) and numbers[0] in (0, 1)
    for number in set(numbers) - {0}:  # one thing each
        assert len(large[2][part][crop[2] == number].unique()) == 1

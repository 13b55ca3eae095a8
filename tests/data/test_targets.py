import numpy as np
import pytest

from axialkit.config import DataConfig
from axialkit.data.targets import center_heatmap, find_instances, panoptic_targets
from axialkit.structures import VOID
from tests.conftest import golden_cases

EXACT = {
    "semantic_gt": "semantic",
    "semantic_loss_weight": "semantic_weight",
    "center_loss_weight": "center_weight",
    "instance_regression_gt": "offset",
    "regression_loss_weight": "offset_weight",
}
CASES = golden_cases("data/targets_*.npz") + golden_cases("data/augment_*.npz")


def config_of(arrays):
    return DataConfig(
        sigma=float(arrays["in_sigma"]),
        small_instance_area=int(arrays["in_threshold"]),
        small_instance_weight=float(arrays["in_weight"]),
    )


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_targets_equal_the_reference(path, load_golden):
    arrays = load_golden(path)
    targets = panoptic_targets(arrays["out_panoptic_gt"], config_of(arrays))
    for key, name in EXACT.items():
        ours = getattr(targets, name).numpy()
        ours = ours.transpose(1, 2, 0) if name == "offset" else ours
        np.testing.assert_array_equal(ours, arrays[f"out_{key}"], err_msg=key)
    np.testing.assert_allclose(
        targets.center.numpy(), arrays["out_instance_center_gt"], rtol=0, atol=1e-6
    )


def naive_targets(label, config):
    """The definitions, one pixel and one instance at a time."""
    height, width = label.shape
    maps = {name: np.zeros((height, width)) for name in ("heat", "center_weight", "offset_weight")}
    weight, offset = np.ones((height, width)), np.zeros((2, height, width))
    for value in set(label.ravel().tolist()) - {VOID}:
        if value % 1000 == 0:
            continue
        pixels = [(y, x) for y in range(height) for x in range(width) if label[y, x] == value]
        cy, cx = (round(sum(axis) / len(pixels)) for axis in zip(*pixels, strict=True))
        for y, x in pixels:
            offset[:, y, x] = cy - y, cx - x
            weight[y, x] = (
                config.small_instance_weight if len(pixels) < config.small_instance_area else 1
            )
        reach = int(3 * config.sigma + 1)
        for y in range(max(cy - reach, 0), min(cy + reach + 1, height)):
            for x in range(max(cx - reach, 0), min(cx + reach + 1, width)):
                squared = (y - cy) ** 2 + (x - cx) ** 2
                maps["heat"][y, x] = max(
                    maps["heat"][y, x], np.exp(-squared / (2 * config.sigma**2))
                )
    for y in range(height):
        for x in range(width):
            klass, number = divmod(int(label[y, x]), 1000)
            thing = 11 <= klass <= 18
            maps["center_weight"][y, x] = klass != 255 and not (thing and number == 0)
            maps["offset_weight"][y, x] = thing and number > 0
    return weight, offset, maps


@pytest.mark.parametrize("seed", range(4))
def test_targets_equal_the_naive_loops(seed):
    random = np.random.default_rng(seed)
    values = [0, 2000, 10_000, VOID, 13_000, 11_001, 11_002, 13_001, 18_007]
    blocks = random.choice(values, size=(5, 7))
    label = blocks.repeat(4, 0).repeat(3, 1)[: 19 - seed].astype(np.int32)
    config = DataConfig(sigma=2.0, small_instance_area=24, small_instance_weight=5.0)
    weight, offset, maps = naive_targets(label, config)
    targets = panoptic_targets(label, config)
    np.testing.assert_array_equal(targets.semantic.numpy(), label // 1000)
    np.testing.assert_array_equal(targets.semantic_weight.numpy(), weight)
    np.testing.assert_array_equal(targets.offset.numpy(), offset)
    np.testing.assert_array_equal(targets.center_weight.numpy(), maps["center_weight"])
    np.testing.assert_array_equal(targets.offset_weight.numpy(), maps["offset_weight"])
    np.testing.assert_allclose(targets.center.numpy(), maps["heat"], atol=1e-6)


def test_area_equal_to_the_threshold_is_not_small():
    label = np.zeros((3, 9), np.int32)
    label[0, :8], label[2, :7] = 13_001, 13_002
    weight = panoptic_targets(label, DataConfig(small_instance_area=8)).semantic_weight
    assert weight[0, 0] == 1
    assert weight[2, 0] == 3


@pytest.mark.parametrize(("length", "center"), [(2, 0), (4, 2), (6, 2), (8, 4)])
def test_half_way_centers_go_to_the_even_pixel(length, center):
    label = np.zeros((1, 9), np.int32)
    label[0, :length] = 13_001
    assert find_instances(label).center.tolist() == [[0, center]]


def test_halves_are_seen_in_the_largest_masks():
    label = np.full((1024, 2048), 13_001, np.int32)
    instances = find_instances(label)
    assert instances.center.tolist() == [[512, 1024]]  # means 511.5 and 1023.5
    assert instances.area.tolist() == [1024 * 2048]


def test_offsets_lead_every_pixel_to_its_center():
    label = np.zeros((20, 30), np.int32)
    label[3:9, 4:20], label[12:18, 1:12] = 11_001, 11_002
    targets = panoptic_targets(label, DataConfig(sigma=2.0))
    y, x = np.nonzero(label)
    dy, dx = targets.offset.numpy()[:, y, x].astype(int)
    landed = set(zip((y + dy).tolist(), (x + dx).tolist(), strict=True))
    assert landed == {tuple(center) for center in find_instances(label).center.tolist()}
    assert all(targets.center[point] == 1 for point in landed)


def test_heat_of_a_corner_is_the_heat_of_the_middle_clipped():
    corner = center_heatmap(np.array([[0, 0]]), (40, 40), 3.0)
    middle = center_heatmap(np.array([[40, 40]]), (80, 80), 3.0)
    np.testing.assert_array_equal(corner, middle[40:, 40:])


def test_stride_keeps_every_second_pixel():
    label = np.zeros((9, 13), np.int32)
    label[2:7, 3:8] = 13_001
    targets = panoptic_targets(label, DataConfig(sigma=1.0))
    for full, half in zip(targets, targets.at_stride(2), strict=True):
        np.testing.assert_array_equal(half.numpy(), full.numpy()[..., ::2, ::2])

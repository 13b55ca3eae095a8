import numpy as np
import pytest

from axialkit.data.augment import scaled_size
from axialkit.data.resize import Window, resize_image, resize_label

SIZES = [(20, 31), (40, 17), (7, 61), (1, 1), (23, 40)]


def pair(height=23, width=40):
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return image, random.integers(0, 19_000, (height, width), dtype=np.int32)


def test_resizing_equals_the_reference(load_golden):
    arrays = load_golden("data/resize_scales.npz")
    for number, scale in enumerate(arrays["scales"]):
        size = scaled_size(arrays["in_label"].shape, float(scale))
        label = resize_label(arrays["in_label"], size)
        np.testing.assert_array_equal(label, arrays[f"label_{number:02}"])
        if f"image_{number:02}" in arrays:
            image = resize_image(arrays["in_image"], size)
            np.testing.assert_array_equal(image, arrays[f"image_{number:02}"])


@pytest.mark.parametrize("size", SIZES)
def test_every_pixel_is_where_the_aligned_corners_put_it(size):
    image, label = pair()
    bilinear, nearest = resize_image(image, size), resize_label(label, size)
    steps = [(old - 1) / max(new - 1, 1) for old, new in zip(label.shape, size, strict=True)]
    for i in range(size[0]):
        for j in range(size[1]):
            y, x = i * steps[0], j * steps[1]
            top, left = int(y), int(x)
            bottom, right = min(top + 1, label.shape[0] - 1), min(left + 1, label.shape[1] - 1)
            upper = image[top, left] * (left + 1 - x) + image[top, right] * (x - left)
            lower = image[bottom, left] * (left + 1 - x) + image[bottom, right] * (x - left)
            expected = upper * (top + 1 - y) + lower * (y - top)
            np.testing.assert_allclose(bilinear[i, j], expected, atol=2e-3)
            assert nearest[i, j] == label[int(y + 0.5), int(x + 0.5)]


@pytest.mark.parametrize("size", SIZES)
def test_a_window_is_a_part_of_the_whole(size):
    image, label = pair()
    window = Window(size[0] // 3, size[1] // 4, size[0] // 2 + 1, size[1] // 2 + 1)
    y, x, height, width = window
    part = np.s_[y : y + height, x : x + width]
    for resize, array in ((resize_image, image), (resize_label, label)):
        np.testing.assert_array_equal(resize(array, size, window), resize(array, size)[part])


def test_images_higher_than_a_strip():
    image, _ = pair(90, 11)
    whole = resize_image(image, (150, 20))
    rows = [resize_image(image, (150, 20), Window(y, 0, 1, 20)) for y in range(150)]
    np.testing.assert_array_equal(whole, np.concatenate(rows))

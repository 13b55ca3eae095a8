"""Costs against counting, reach and corners against a search through the graph of messages."""

from collections import deque

import numpy as np
import pytest

from axialkit.course import reach
from axialkit.errors import InputError

SIZES = [(1, 1), (2, 2), (1, 6), (5, 1), (3, 4), (4, 3), (5, 5)]


def hears(a: tuple[int, int], b: tuple[int, int], hop: str) -> bool:
    """Whether pixel a hears from pixel b in one layer."""
    dy, dx = abs(a[0] - b[0]), abs(a[1] - b[1])
    return {"H": dx == 0, "W": dy == 0, "F": True, "C": max(dy, dx) <= 1}[hop]


def search(mask: np.ndarray, hops: str) -> np.ndarray:
    """Breadth-first search over (pixel, layers passed)."""
    pixels = list(np.ndindex(mask.shape))
    queue = deque((pixel, 0) for pixel in pixels if mask[pixel])
    seen = set(queue)
    while queue:
        pixel, layer = queue.popleft()
        if layer == len(hops):
            continue
        for other in pixels:
            if hears(other, pixel, hops[layer]) and (other, layer + 1) not in seen:
                seen.add((other, layer + 1))
                queue.append((other, layer + 1))
    found = np.zeros_like(mask)
    for pixel, layer in seen:
        found[pixel] |= layer == len(hops)
    return found


@pytest.mark.parametrize("size", SIZES)
def test_cost_is_the_number_of_pairs(size: tuple[int, int]) -> None:
    full = axial = 0
    for asks in np.ndindex(size):
        for looked_at in np.ndindex(size):
            full += 1
            axial += hears(asks, looked_at, "H") + hears(asks, looked_at, "W")
    assert reach.attention_cost(*size, "full") == full
    assert reach.attention_cost(*size, "axial") == axial


def test_the_published_example() -> None:
    """1025 x 2049 at stride 16: 8385 pixels, 281 MB against 6.5 MB per head."""
    assert reach.attention_bytes(65, 129, "full") == 8385 * 8385 * 4 == 281_232_900
    assert reach.attention_bytes(65, 129, "axial") == 8385 * (65 + 129) * 4 == 6_506_760


@pytest.mark.parametrize("hops", ["", "H", "W", "C", "F", "HW", "WH", "CC", "HC", "WCH", "HHWW"])
@pytest.mark.parametrize("size", [(1, 4), (4, 1), (3, 5), (5, 4)])
def test_reachable_is_what_a_search_finds(hops: str, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(len(hops))
    for share in (0.0, 0.1, 0.4):
        mask = rng.random(size) < share
        before = mask.copy()
        np.testing.assert_array_equal(reach.reachable(mask, hops), search(mask, hops))
        np.testing.assert_array_equal(mask, before)


def test_corner_is_the_only_way() -> None:
    """Of all pixels, exactly the corner is told by T in the H hop and tells Q in the W hop."""
    height, width = 4, 5
    for i, j, h, w in np.ndindex(height, width, height, width):
        ways = [
            middle
            for middle in np.ndindex(height, width)
            if hears(middle, (h, w), "H") and hears((i, j), middle, "W")
        ]
        assert ways == [reach.corner(i, j, h, w)]


@pytest.mark.parametrize(("point", "layers"), [((0, 0), 8), ((2, 4), 4), ((4, 8), 8), ((2, 0), 8)])
def test_layers_to_cover(point: tuple[int, int], layers: int) -> None:
    mask = np.zeros((5, 9), dtype=bool)
    mask[point] = True
    assert reach.layers_to_cover(5, 9, *point, "C") == layers
    assert search(mask, "C" * layers).all()
    assert not search(mask, "C" * (layers - 1)).all()


def test_one_axis_never_covers() -> None:
    assert reach.layers_to_cover(1, 7, 0, 3, "W") == 1
    with pytest.raises(InputError, match='Hop "W" alone never covers a 3 x 7 map'):
        reach.layers_to_cover(3, 7, 0, 3, "W")


@pytest.mark.parametrize("train_id", [0, 11, 13, 5])
def test_count_segments_counts_distinct_labels(train_id: int) -> None:
    panoptic = np.array([[0, 13001, 13004], [11001, 13004, 255000], [0, 13002, 13002]])
    labels = set()
    for value in panoptic.flat:
        if value // 1000 == train_id:
            labels.add(int(value))
    assert reach.count_segments(panoptic, train_id) == len(labels)


def test_bad_names_are_refused() -> None:
    with pytest.raises(InputError, match='no attention kind "global". Choose "full" or "axial"'):
        reach.attention_cost(3, 5, "global")
    with pytest.raises(InputError, match='no hop "D". Hops are H, W, F and C'):
        reach.reachable(np.ones((2, 2), dtype=bool), "HD")

"""Two hops against four loops, and both against frozen layers (tests/visualize)."""

import math

import pytest
import torch

from axialkit.attention import entropy, mean_distance, rollout, two_hop
from axialkit.attention.summaries import stride_of
from axialkit.attention.two_hop import head_pairs, passes
from axialkit.errors import InputError

HEIGHT, WIDTH, HEADS, BATCH = 5, 7, 3, 2


def weights_of_a_layer(order, stride, size=(HEIGHT, WIDTH), seed=0):
    """Random weights with the sequences that a layer of that order and stride has."""
    torch.manual_seed(seed)
    rows, columns = size
    if order == "hw":
        rows = -(-rows // stride)
    else:
        columns = -(-columns // stride)
    height = torch.randn(BATCH * columns, HEADS, size[0], size[0]).softmax(-1)
    width = torch.randn(BATCH * rows, HEADS, size[1], size[1]).softmax(-1)
    return height, width


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("order", ["hw", "wh"])
@pytest.mark.parametrize("head", [0, (2, 1)])
@pytest.mark.parametrize("sample", [0, 1])
def test_equals_loops(order, stride, head, sample):
    height, width = weights_of_a_layer(order, stride)
    down, across = head if isinstance(head, tuple) else (head, head)
    for i in range(-(-HEIGHT // stride)):
        for j in range(-(-WIDTH // stride)):
            expected = torch.zeros(HEIGHT, WIDTH, dtype=torch.float64)
            for y in range(HEIGHT):
                for x in range(WIDTH):
                    if order == "hw":  # rows are thinned out between the passes
                        rows, columns = -(-HEIGHT // stride), WIDTH
                        first = height[sample * columns + x, down, i * stride, y]
                        second = width[sample * rows + i, across, j * stride, x]
                    else:
                        rows, columns = HEIGHT, -(-WIDTH // stride)
                        first = width[sample * rows + y, across, j * stride, x]
                        second = height[sample * columns + j, down, i * stride, y]
                    expected[y, x] = first.double() * second.double()
            found = two_hop(height, width, (i, j), order, head=head, stride=stride, sample=sample)
            torch.testing.assert_close(found, expected)
            assert float(found.sum()) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("order", ["hw", "wh"])
def test_all_pairs_of_heads(order):
    height, width = weights_of_a_layer(order, 2)
    found = head_pairs(height, width, (1, 2), order, stride=2, sample=1)
    assert found.shape == (HEADS, HEADS, HEIGHT, WIDTH)
    for pair in ((0, 0), (0, 2), (2, 1)):
        expected = two_hop(height, width, (1, 2), order, head=pair, stride=2, sample=1)
        torch.testing.assert_close(found[pair], expected)


def test_mean_of_heads_is_the_mean_of_all_pairs():
    height, width = weights_of_a_layer("hw", 1)
    pairs = [
        two_hop(height, width, (1, 2), head=(a, b)) for a in range(HEADS) for b in range(HEADS)
    ]
    torch.testing.assert_close(two_hop(height, width, (1, 2)), sum(pairs) / HEADS**2)


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (((0, 0), "vw"), {}, r'no order "vw".*"hw"'),
        (((5, 0),), {}, r"\(5, 0\) lies outside the 5x7 map"),
        (((0, -1),), {}, "outside"),
        (((0, 0),), {"head": 3}, r"no head 3; this layer has heads 0..2"),
        (((0, 0),), {"sample": 2}, "no image 2 in this batch of 2"),
        (((0, 0),), {"stride": 3}, "stride"),
    ],
)
def test_wrong_questions_are_refused(arguments, options, words):
    with pytest.raises(InputError, match=words):
        two_hop(*weights_of_a_layer("hw", 1), *arguments, **options)


def test_distance_and_entropy_of_known_weights():
    here = torch.eye(9).expand(2, 1, 9, 9)
    everywhere = torch.full((2, 1, 9, 9), 1 / 9)
    next_door = torch.eye(9).roll(1, 1)[None, None]
    weights = torch.cat([here, everywhere], dim=1)
    torch.testing.assert_close(
        mean_distance(weights), torch.tensor([0, (9 - 1 / 9) / 3], dtype=torch.float64)
    )
    torch.testing.assert_close(
        entropy(weights).exp(), torch.tensor([1.0, 9.0], dtype=torch.float64)
    )
    assert float(mean_distance(next_door)) == pytest.approx((8 * 1 + 8) / 9)  # the last wraps
    assert float(entropy(next_door)) == 0 and math.copysign(1, float(entropy(next_door))) == 1


def matrix(height, width, size, stride):
    """A layer's two hops of all pairs of pixels, mean of heads: [output cell, input cell]."""
    outs = [(i, j) for i in range(-(-size[0] // stride)) for j in range(-(-size[1] // stride))]
    hops = torch.stack([two_hop(height, width, o, stride=stride).flatten() for o in outs])
    stay = torch.zeros_like(hops)
    for number, (i, j) in enumerate(outs):
        stay[number, i * stride * size[1] + j * stride] = 1
    return (hops + stay) / 2


def test_rollout_is_the_product_of_the_matrices():
    sizes = {"a": ((5, 7), 1), "b": ((5, 7), 2), "c": ((3, 4), 1)}
    maps, product = {}, torch.eye(12, dtype=torch.float64)
    for name in reversed(sizes):
        size, stride = sizes[name]
        height, width = weights_of_a_layer("hw", stride, size, seed=ord(name))
        assert stride_of(height, width) == stride
        product = product @ matrix(height, width, size, stride)
        maps = {f"{name}.height": height, f"{name}.width": width} | maps
    for query in ((0, 0), (2, 1), (1, 3)):
        found = rollout(maps, query)
        torch.testing.assert_close(found.flatten(), product[query[0] * 4 + query[1]])
        assert float(found.sum()) == pytest.approx(1, abs=1e-6)
    with pytest.raises(InputError, match=r"3x4.*5x7|5x7.*3x4"):
        rollout(maps, (0, 0), layers=["c", "a"])
    with pytest.raises(InputError, match="d.height"):
        rollout(maps, (0, 0), layers=["d"])
    with pytest.raises(InputError, match=r"\(3, 0\) lies outside the 3x4"):
        rollout(maps, (3, 0))
    with pytest.raises(InputError, match="no layer with both"):
        rollout({"a.height": maps["a.height"]}, (0, 0))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("order", ["hw", "wh"])
def test_spread_is_the_sum_of_maps_under_the_weight(order, stride):
    found = passes(*weights_of_a_layer(order, stride), order=order, stride=stride)
    rows, columns = (-(-cells // stride) for cells in (HEIGHT, WIDTH))
    weight = torch.rand(rows, columns, dtype=torch.float64)
    expected = sum(
        weight[y, x] * found.compose((y, x)) for y in range(rows) for x in range(columns)
    )
    torch.testing.assert_close(found.spread(weight), expected)

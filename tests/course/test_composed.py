"""Lesson 06's functions against autograd, dense matrices and the package; frozen layers; wishes."""

import pytest
import torch
from torch import nn

import axialkit
from axialkit.attention import AxialAttention2d, rollout, two_hop
from axialkit.attention.two_hop import head_pairs
from axialkit.course import composed, frozen, sharing
from axialkit.course.exercises_06_hops import maps_of, random_maps, truth
from axialkit.data import minicity
from axialkit.errors import InputError
from tests.course.second_solutions_06 import rollout_by_matrices


@pytest.mark.parametrize("size", [(3, 5), (5, 2), (1, 4), (4, 1)])
def test_both_orders_are_derivatives(size: tuple[int, int]) -> None:
    height, width = maps_of(*size)
    for i in range(size[0]):
        for j in range(size[1]):
            found = composed.two_hop(height, width, i, j)
            torch.testing.assert_close(found, truth(height, width, i, j, "hw"), rtol=0, atol=1e-16)
            turned = composed.two_hop_wh(height, width, i, j)
            torch.testing.assert_close(turned, truth(height, width, i, j, "wh"), rtol=0, atol=1e-16)


def test_they_are_the_packages_own() -> None:
    height, width = random_maps(1, 5, 2, 3, 3), random_maps(2, 3, 2, 5, 5)
    torch.testing.assert_close(
        composed.two_hop(height[:, 1], width[:, 0], 2, 4),
        two_hop(height, width, (2, 4), head=(1, 0)),
    )
    torch.testing.assert_close(
        composed.head_pairs(height, width, 2, 4), head_pairs(height, width, (2, 4))
    )


def test_rollout_is_a_product_of_matrices() -> None:
    heights, widths = random_maps(3, 4, 5, 3, 3), random_maps(4, 4, 3, 5, 5)
    for i, j in ((0, 0), (2, 3)):
        found = composed.rollout(heights, widths, i, j)
        torch.testing.assert_close(found, rollout_by_matrices(heights, widths, i, j))
        maps = {}
        for layer, (height, width) in enumerate(zip(heights, widths, strict=True)):
            maps |= {f"{layer}.height": height[:, None], f"{layer}.width": width[:, None]}
        torch.testing.assert_close(found, rollout(maps, (i, j)))  # the package's own
        assert float(found.sum()) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("stride", [1, 2])
def test_the_sum_over_pairs_is_the_frozen_layer(stride: int) -> None:
    torch.manual_seed(0)
    layer = AxialAttention2d(3, 4, 4, 2, stride=stride).eval()
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=1.5)
    before = layer.height.backend
    assert frozen.frozen_error(layer, torch.randn(1, 3, 5, 7), (1, 2)) < 1e-12
    assert layer.height.backend == before  # it works on a copy
    assert next(layer.parameters()).dtype == torch.float32


def test_an_activation_between_the_hops_would_break_it() -> None:
    """The check can fail: it is not exact for whatever layer."""
    torch.manual_seed(0)
    layer = AxialAttention2d(3, 4, 4, 2).eval()
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=1.5)
    layer.height.register_forward_hook(lambda module, inputs, answer: answer.relu())
    assert frozen.frozen_error(layer, torch.randn(1, 3, 5, 7), (1, 2)) > 1e-3


def test_influence_is_the_size_of_the_jacobian() -> None:
    model, config = axialkit.load_model("tiny"), axialkit.load_config("tiny")
    street = minicity.scene(10).image
    found = frozen.influence(model, street, config, ["stage4.block4"], (3, 5))
    assert found.shape == (9, 17)
    assert float(found.sum()) == pytest.approx(1)
    assert int(found.argmax()) == 3 * 17 + 5  # the residual connection
    assert all(parameter.requires_grad for parameter in model.parameters())
    weights = torch.rand(9, 17, dtype=torch.float64)
    assert frozen.agreement(weights, weights, (3, 5)) == pytest.approx(1)
    assert abs(frozen.agreement(found, rollout_free(found), (3, 5))) < 1


def rollout_free(like: torch.Tensor) -> torch.Tensor:
    return torch.full_like(like, 1 / like.numel()) + torch.arange(like.numel()).reshape(like.shape)


def test_any_pattern_is_within_reach_of_one_query() -> None:
    for drawing in (sharing.HEART, sharing.CROSS):
        wanted = sharing.pattern(drawing)
        across, inside = sharing.chain_rule(wanted)
        torch.testing.assert_close(across * inside, wanted, rtol=0, atol=1e-16)
        torch.testing.assert_close(inside.sum(dim=0), torch.ones_like(across))
    with pytest.raises(InputError, match="no # in it"):
        sharing.pattern(("...",))


def test_two_wishes_in_one_row_meet() -> None:
    heart, cross = sharing.pattern(sharing.HEART), sharing.pattern(sharing.CROSS)
    one, other = sharing.meet(heart, cross)
    for got, wish in ((one, heart), (other, cross)):
        torch.testing.assert_close(got.sum(dim=0), wish.sum(dim=0))
    seen = (one.sum(dim=0) > 0) & (other.sum(dim=0) > 0)
    inner, outer = (m[:, seen] / m[:, seen].sum(dim=0) for m in (one, other))
    torch.testing.assert_close(inner, outer)

    def loss(shared: torch.Tensor) -> float:
        """In nats: how badly both wishes are met by p(h | w)."""
        return float(-((heart + cross) * shared.clamp(min=1e-12).log()).sum())

    _, best = sharing.chain_rule((heart + cross) / 2)
    for seed in range(5):
        nudge = torch.rand(best.shape, generator=torch.Generator().manual_seed(seed))
        other_choice = best * (1 + 0.2 * nudge)
        assert loss(other_choice / other_choice.sum(dim=0)) > loss(best)


def test_rollout_of_the_package_is_used() -> None:
    heights, widths = random_maps(5, 1, 4, 3, 3), random_maps(6, 1, 3, 4, 4)
    maps = {"a.height": heights[0][:, None], "a.width": widths[0][:, None]}
    torch.testing.assert_close(composed.rollout(heights, widths, 1, 2), rollout(maps, (1, 2)))

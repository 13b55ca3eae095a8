"""The counted peak of memory against sums by hand, and against a real allocator's log."""

import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from axialkit.attention import AxialAttention1d
from axialkit.model.build import build_model
from axialkit.model.peak import peak_bytes

FLOAT = 4


def test_a_chain_holds_two_neighbours() -> None:
    with torch.device("meta"):
        chain = nn.Sequential(nn.Conv2d(3, 8, 1), nn.Conv2d(8, 2, 1), nn.Conv2d(2, 1, 1))
        assert peak_bytes(chain, torch.empty(2, 3, 5, 7)) == FLOAT * 2 * (8 + 2) * 5 * 7


def test_views_and_work_in_place_are_free() -> None:
    class Free(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x * 2).relu_().flatten().view(-1)

    with torch.device("meta"):
        assert peak_bytes(Free(), torch.empty(10, 10)) == FLOAT * 100


def test_what_is_kept_counts_until_the_end() -> None:
    class Keep(nn.Module):
        def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
            return [x + 1, x + 2, x + 3]

    with torch.device("meta"):
        assert peak_bytes(Keep(), torch.empty(10)) == 3 * FLOAT * 10


def test_attention_maps_are_seen() -> None:
    """Maps grow with the square of the length, everything else with the length."""
    with torch.device("meta"):
        layer = AxialAttention1d(8, 4, 8, heads=2).eval()
        short, long = (peak_bytes(layer, torch.empty(1, n, 8)) for n in (500, 1000))
    assert 3.8 < long / short < 4.0


@pytest.mark.parametrize("name", ["tiny", "tiny_conv"])
def test_it_is_what_torch_allocates(name: str) -> None:
    """On the CPU torch logs every allocation; convolutions there take some room of their own."""
    size = (1, 3, 129, 257)
    with torch.device("meta"):
        counted = peak_bytes(build_model(name).eval(), torch.empty(size))
    model, images = build_model(name).eval(), torch.zeros(size)
    for module in model.modules():
        if isinstance(module, AxialAttention1d):
            module.backend = "reference"
    with torch.no_grad():
        model(images)  # whatever is made only once
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as log:
            model(images)
    now = highest = 0
    for event in log.profiler.kineto_results.events():
        if event.name() == "[memory]":
            now += event.nbytes()
            highest = max(highest, now)
    assert 0.95 < highest / counted < 1.3
